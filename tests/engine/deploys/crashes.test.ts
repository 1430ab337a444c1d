import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";

import { imagesFor } from "../../../config/keys";
import { application, rowCounts } from "../support/application";
import { docker, services } from "../support/docker";
import { request, requestUntilHealthy } from "../support/http";
import { killTree } from "../support/processes";
import type { Project } from "../support/project";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
});
afterAll(() => project?.discard());

/** The services of a stack without monitoring. */
const expected = imagesFor(false)
  .filter((name) => name !== "migrations")
  .sort();

const locks = () => join(project.directory, ".state/.pulumi/locks/organization/dating", project.stackName);
const locked = () => existsSync(locks()) && readdirSync(locks()).length > 0;

/** A deploy that goes on by itself. */
function deploy() {
  return spawn("pulumi", ["up", "--yes", "--skip-preview", "--stack", project.stackName], {
    cwd: project.directory,
    env: { ...process.env, ...project.environment },
    stdio: "ignore",
  });
}

/** Kills a deploy some time after it took the stack's lock, as that is when it begins to act. */
async function kill(afterSeconds: number): Promise<void> {
  const child = deploy();
  const ended = once(child, "exit");
  while (child.exitCode === null && !locked()) await new Promise((later) => setTimeout(later, 20));
  await new Promise((later) => setTimeout(later, afterSeconds * 1000));
  // One that ended by itself was not killed, and what follows would show nothing.
  expect(child.exitCode).toBeNull();
  killTree(child.pid!);
  await ended;
}

async function recover(): Promise<void> {
  const { status, stdout, stderr } = project.attempt("./dating", ["recover", project.stackName]);
  expect(`${stdout}${stderr}`).toContain("Done. Now deploy");
  expect(status).toBe(0);
  await project.up();
  await requestUntilHealthy(url);
  // A service with two containers is an error of services().
  expect(Object.keys(await services(project.prefix)).sort()).toEqual(expected);
  expect(project.run("pulumi", ["preview", "--stack", project.stackName, "--expect-no-changes"])).toContain(
    "unchanged",
  );
}

test("a first deploy that was killed, also while it wrote its state, is recovered", async () => {
  await kill(5);
  // What is written beside the state is there for a moment with nothing in it.
  truncateSync(`${project.stateFile}.attrs`);
  expect(project.attempt("pulumi", ["stack", "--stack", project.stackName]).stderr).toContain(
    "failed to load checkpoint: EOF",
  );
  await recover();
});

test("a second deploy is told who holds the lock, and the recovery leaves a running one alone", async () => {
  await project.stack.setConfig("dating:nsfwThreshold", { value: "0.75" });
  const first = deploy();
  const ended = once(first, "exit");
  while (!locked()) await new Promise((later) => setTimeout(later, 20));
  const second = project.attempt("pulumi", ["up", "--yes", "--skip-preview", "--stack", project.stackName]);
  expect(second.stdout + second.stderr).toMatch(
    /currently locked by 1 lock[^]*created by \S+@\S+ \(pid \d+\)/,
  );
  const refused = project.attempt("./dating", ["recover", project.stackName]);
  expect(refused.stderr).toMatch(/is being deployed by \S+@\S+ \(pid \d+\) since/);
  expect(refused.status).toBe(3);
  await ended;
  expect(first.exitCode).toBe(0);
});

const recoversAfter = async (seconds: number) => {
  const like = { user_id: seconds, target_id: 999_999, interaction_type: "like" };
  expect((await request(`${url}/api/interactions`, like)).status).toBe(201);
  const before = await rowCounts(project);
  await project.stack.setConfig("dating:nsfwThreshold", { value: `0.${seconds}` });
  await kill(seconds);
  await recover();
  expect(await rowCounts(project)).toEqual(before);
};

// `make test` has one that is killed under load: tests/engine/deploys/rollout.test.ts.
soakTest("a rollout that was killed 6 s after its begin is recovered, with every row", () =>
  recoversAfter(6),
);

soakTest("a rollout that was killed 1 s after its begin is recovered, too", () => recoversAfter(1));

test("what no deploy knows is removed, and nothing of another stack", async () => {
  const { webapp } = await services(project.prefix);
  const label = (prefix: string) => ["--label", `dating.stack=${prefix}`];
  const orphan = await docker("create", ...label(project.prefix), webapp!.Config.Image);
  const other = await docker("create", ...label(`${project.prefix}-other`), webapp!.Config.Image);
  const said = project.run("./dating", ["recover", project.stackName]);
  expect(said.match(/Removing the container/g)).toHaveLength(1);
  await expect(docker("inspect", orphan)).rejects.toThrow(/no such object/i);
  await docker("rm", other);
});
