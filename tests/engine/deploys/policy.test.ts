import { containerRules } from "../../../policy/containers";
import { storageRules } from "../../../policy/storage";
import { application } from "../support/application";
import { Project } from "../support/project";

jest.setTimeout(600_000);

const preview = (project: Project) =>
  project.attempt("pulumi", [
    ...["preview", "--stack", project.stackName, "--policy-pack", "policy", "--color", "never"],
    "--non-interactive",
  ]);

describe("with the policy pack, a preview", () => {
  test("of the application is let through", async () => {
    const { project } = await application();
    try {
      const { status, stdout } = preview(project);
      expect(stdout).toMatch(/✅ dating@v/);
      expect(stdout).not.toMatch(/mandatory|advisory/);
      expect(status).toBe(0);
    } finally {
      project.discard();
    }
  });

  test("is refused for every rule that is broken, each of which it names", async () => {
    const project = await Project.create("policy");
    try {
      const { status, stdout } = preview(project);
      const named = [...stdout.matchAll(/\[mandatory\] +([a-z-]+)/g)].map(([, rule]) => rule!);
      const rules = [...containerRules, ...storageRules].map(({ name }) => name);
      expect([...new Set(named)].sort()).toEqual([...rules, "all-volumes"].sort());
      expect(stdout).toContain("careless has the Docker socket: ask the socket proxy");
      expect(stdout).toContain("volume postgres_data has left the stack");
      expect(status).not.toBe(0);
      const reviewed = project.attempt("./dating", ["preview", project.stackName]);
      for (const rule of rules) expect(reviewed.stdout).toContain(`! refused: policy ${rule}, `);
      expect(reviewed.stdout).not.toContain("preview failed");
      expect(reviewed.status).toBe(1);
    } finally {
      project.discard();
    }
  });
});
