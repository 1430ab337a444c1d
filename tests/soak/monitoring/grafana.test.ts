import { application } from "../../engine/support/application";
import { containerOf, docker } from "../../engine/support/docker";
import type { Project } from "../../engine/support/project";

jest.setTimeout(600_000);

let project: Project;
beforeAll(async () => {
  ({ project } = await application());
  await project.configurePath("monitoring", "true");
  await project.up();
});
afterAll(() => project?.discard());

test("./dating drift brings back a Grafana that does not answer", async () => {
  await docker("stop", containerOf(project.prefix, "grafana"));
  const said = project.run("./dating", ["drift", project.stackName, "--fix"]);
  expect(said).toContain("Not compared: what Grafana shows: nobody answers");
  expect(said).toContain(`Stack ${project.stackName} is as it was deployed.`);
});
