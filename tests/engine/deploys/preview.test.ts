import { execFileSync } from "node:child_process";

import { labelled } from "../support/docker";
import { freePort, Project } from "../support/project";
import { inSoak } from "../support/soak";
import type { Settings } from "../programs/workload";

jest.setTimeout(600_000);

const container = "docker:index/container:Container";

function image(release: number): string {
  const name = `dating-test/subject:${release}`;
  execFileSync("docker", ["build", "--quiet", "--tag", name, "-"], {
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    input: `FROM debian:trixie-slim\nLABEL release=${release}\n`,
    stdio: ["pipe", "ignore", "ignore"],
  });
  return name;
}

interface Change {
  change: () => Promise<Partial<Settings>>;
  does: "replaced" | "updated" | "nothing";
}

/** One thing of a workload at a time. */
const changes: Record<string, Change> = {
  image: { change: async () => ({ image: image(2) }), does: "replaced" },
  variable: { change: async () => ({ variable: "after" }), does: "replaced" },
  label: { change: async () => ({ label: "after" }), does: "replaced" },
  health: { change: async () => ({ health: "true && true" }), does: "replaced" },
  file: { change: async () => ({ file: "after\n" }), does: "replaced" },
  network: { change: async () => ({ network: "two" as const }), does: "replaced" },
  memory: { change: async () => ({ memory: 48 }), does: "updated" },
  untouched: { change: async () => ({}), does: "nothing" },
};
const rollouts = ["start-first", "stop-first"] as const;
/** Each way to replace a container, to update one and to leave one alone; `make soak` has them for all things. */
const always = {
  "start-first": ["image", "network", "memory", "untouched"],
  "stop-first": ["file", "port", "memory"],
};
/** The workloads of which one thing changes, by their names; only one that is stopped first has a port. */
const subjects = rollouts.flatMap((rollout) =>
  Object.entries({
    ...changes,
    ...(rollout === "stop-first" && {
      port: { change: async () => ({ port: await freePort() }), does: "replaced" as const },
    }),
  })
    .filter(([what]) => inSoak || always[rollout].includes(what))
    .map(([what, change]) => ({ name: `${what}-${rollout}`, rollout, ...change })),
);

let project: Project;
const workloads: Record<string, Settings> = {};
let previewed: string[];
let done: string[];

beforeAll(async () => {
  project = await Project.create("workload");
  for (const { name, rollout } of subjects) {
    workloads[name] = {
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
  }
  const configure = () => project.configure({ workloads: JSON.stringify(workloads) });
  await configure();
  await project.up();
  for (const { name, change } of subjects) Object.assign(workloads[name]!, await change());
  await configure();
  previewed = (await project.preview()).steps;
  done = (await project.up()).steps;
});
afterAll(() => project?.discard());

const stepsOf = (name: string, steps: string[]) =>
  steps.filter((step) => step.endsWith(`-${name}`) || step.endsWith(` ${name}-healthy`));

/** The steps by which a container, and with it the gate that waits for it, is replaced. */
const replaced = (type: string) =>
  ["create-replacement", "delete-replaced", "replace"].map((op) => `${op} ${type}`);

test.each(subjects.map(({ name, does }) => [name, does] as const))(
  "what a preview lists is what a deploy does, where one thing of a workload is another: %s is %s",
  (name, does) => {
    const subject = `${container} ${project.prefix}-${name}`;
    const expected = {
      replaced: [...replaced(subject), ...replaced(`command:local:Command ${name}-healthy`)].sort(),
      updated: [`update ${subject}`],
      nothing: [],
    }[does];
    expect(stepsOf(name, previewed)).toEqual(expected);
    expect(stepsOf(name, done)).toEqual(expected);
  },
);

test("nothing else is done, no container is left over, and nothing is left to do", async () => {
  expect(subjects.flatMap(({ name }) => stepsOf(name, previewed)).sort()).toEqual([...previewed].sort());
  expect(done).toEqual(previewed);
  expect(await labelled("container", project.prefix)).toHaveLength(subjects.length);
  expect((await project.preview()).steps).toEqual([]);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
});
