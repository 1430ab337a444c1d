import { execFileSync } from "node:child_process";

import { labelled } from "./support/docker";
import { freePort, Project } from "./support/project";
import type { Settings } from "./programs/workload";

jest.setTimeout(600_000);

const container = "docker:index/container:Container";
const gate = "command:local:Command subject-healthy";

/** The steps by which a container, and with it the gate that waits for it, is replaced. */
const replaced = (type: string) =>
  ["create-replacement", "delete-replaced", "replace"].map((op) => `${op} ${type}`);

function image(release: number): string {
  const name = `dating-test/subject:${release}`;
  execFileSync("docker", ["build", "--quiet", "--tag", name, "-"], {
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    input: `FROM debian:bookworm-slim\nLABEL release=${release}\n`,
    stdio: ["pipe", "ignore", "ignore"],
  });
  return name;
}

describe.each(["stop-first", "start-first"] as const)(
  "what a preview lists is what a deploy does: %s",
  (rollout) => {
    let project: Project;
    let settings: Settings;

    beforeAll(async () => {
      project = await Project.create("workload");
      settings = {
        rollout,
        image: image(1),
        variable: "before",
        label: "before",
        health: "true",
        memory: 32,
        file: "before\n",
        port: await freePort(),
        network: "one",
      };
      await configure();
      await project.up();
    });
    afterAll(() => project?.discard());

    const configure = () => project.configure({ settings: JSON.stringify(settings) });

    test.each<[what: string, change: () => Promise<Partial<Settings>>, expected: string[] | "replaced"]>([
      ["the image", async () => ({ image: image(2) }), "replaced"],
      ["an environment variable", async () => ({ variable: "after" }), "replaced"],
      ["a label", async () => ({ label: "after" }), "replaced"],
      ["the health check", async () => ({ health: "true && true" }), "replaced"],
      ["an uploaded file", async () => ({ file: "after\n" }), "replaced"],
      ["the network", async () => ({ network: "two" as const }), "replaced"],
      ["the memory limit", async () => ({ memory: 48 }), [`update ${container} SUBJECT`]],
      ...(rollout === "stop-first"
        ? [
            ["the port", async () => ({ port: await freePort() }), "replaced"] as [
              string,
              () => Promise<Partial<Settings>>,
              "replaced",
            ],
          ]
        : []),
    ])("%s", async (_, change, expected) => {
      const subject = `${container} ${project.prefix}-subject`;
      settings = { ...settings, ...(await change()) };
      await configure();

      const previewed = (await project.preview()).steps;
      const done = (await project.up()).steps;

      expect(previewed).toEqual(
        expected === "replaced"
          ? [...replaced(subject), ...replaced(gate)].sort()
          : expected.map((step) => step.replace("SUBJECT", `${project.prefix}-subject`)),
      );
      expect(done).toEqual(previewed);
      expect(await labelled("container", project.prefix)).toHaveLength(1);
      expect((await project.preview()).steps).toEqual([]);
      expect((await project.preview({ refresh: true })).steps).toEqual([]);
    });
  },
);
