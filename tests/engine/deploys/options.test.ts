import { readFileSync } from "node:fs";
import { join } from "node:path";

import { freePort, Project, type Step } from "../support/project";

jest.setTimeout(600_000);

let project: Project;
let previewed: Step[];
let refreshed: Step[];
let second: Step[];

beforeAll(async () => {
  project = await Project.create("options");
  await project.configure({ port: String(await freePort()) });
  await project.up();
  previewed = (await project.preview()).steps;
  refreshed = (await project.preview({ refresh: true })).steps;
  second = (await project.up({ refresh: true })).steps;
});
afterAll(() => project?.discard());

/** The options in the program, found in its text, as it can only run on the engine. */
const options = [
  ...readFileSync(join(__dirname, "../programs/options.ts"), "utf8").matchAll(/^ {2}"?([a-z-]+)"?: \{/gm),
].map(([, name]) => name!);

test("every option of the program is in the table, and was deployed", async () => {
  const outputs = (await project.stack.outputs()).tested?.value as string[];
  expect(options.sort()).toEqual([...outputs].sort());
});

test.each(options)(
  "%s is the same to the engine and to Docker, with and without a look at the host",
  (option) => {
    const about = (steps: Step[]) => steps.filter((step) => step.endsWith(` ${option}`));
    expect({ previewed: about(previewed), refreshed: about(refreshed), second: about(second) }).toEqual({
      previewed: [],
      refreshed: [],
      second: [],
    });
  },
);

test("networks and volumes are the same too", () => {
  expect([...previewed, ...refreshed, ...second]).toEqual([]);
});
