import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { labelled } from "../support/docker";
import { Project } from "../support/project";
import { describeWithS3, startFakeS3, type FakeS3 } from "../support/stores/s3";

jest.setTimeout(300_000);

let project: Project;
const token = "a-token-that-somebody-gave-1234567890";

beforeAll(async () => {
  project = await Project.create("state");
  project.run("pulumi", ["config", "set", "--stack", project.stackName, "--secret", "dating:token"], token);
  await project.up();
});
afterAll(() => project?.discard());

const pulumi = (backend: Record<string, string>, ...args: string[]) =>
  project.run("env", [
    ...Object.entries(backend).map(([name, value]) => `${name}=${value}`),
    "pulumi",
    ...args,
  ]);
const output = (backend: Record<string, string>, name: string) =>
  pulumi(backend, "stack", "output", name, "--show-secrets", "--stack", project.stackName).trim();

/** Moves the stack and uses it there: nothing would change, the secrets are the same, and it can be deployed. */
function move(url: string, environment: Record<string, string>): void {
  const there = { ...environment, PULUMI_BACKEND_URL: url };
  const before = { password: output({}, "password"), token: output({}, "token") };
  const moved = project.run("env", [
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...["./dating", "state", "move", project.stackName, "--to", url],
  ]);
  expect(moved).toContain(`of stack ${project.stackName} are in ${url}.`);
  pulumi(there, "preview", "--stack", project.stackName, "--expect-no-changes");
  expect({ password: output(there, "password"), token: output(there, "token") }).toEqual(before);
  expect(before.token).toBe(token);

  const again = project.attempt("env", [
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...["./dating", "state", "move", project.stackName, "--to", url],
  ]);
  expect(again.status).toBe(1);
  expect(again.stderr).toContain("with resources already; nothing was changed");
}

test("state moves from one folder to another with its secrets, which nobody can read in it", () => {
  const folder = join(project.directory, ".state/other");
  mkdirSync(folder);
  move(`file://${folder}`, {});
  const file = join(folder, ".pulumi/stacks/dating", `${project.stackName}.json`);
  expect(existsSync(file)).toBe(true);
  const text = readFileSync(file, "utf8");
  for (const secret of [token, output({}, "password")]) expect(text.includes(secret)).toBe(false);
});

describeWithS3("in a bucket", () => {
  let s3: FakeS3;
  beforeAll(async () => {
    s3 = await startFakeS3("state");
  });
  afterAll(() => s3?.stop());

  test("state moves to it with its secrets, and the stack is deployed from there", async () => {
    const endpoint = s3.environment.AWS_ENDPOINT_URL!;
    const url = `s3://state?endpoint=${endpoint}&s3ForcePathStyle=true&region=eu-central-1`;
    move(url, s3.environment);
    const there = { ...s3.environment, PULUMI_BACKEND_URL: url };
    pulumi(there, "config", "set", "--stack", project.stackName, "dating:second", "true");
    pulumi(there, "up", "--stack", project.stackName, "--yes", "--skip-preview");
    expect(await labelled("network", project.prefix)).toHaveLength(2);

    const stored = await fetch(`${endpoint}/state/.pulumi/stacks/dating/${project.stackName}.json`);
    const text = await stored.text();
    expect(text).toContain(`${project.prefix}-second`);
    for (const secret of [token, output({}, "password")]) expect(text.includes(secret)).toBe(false);
  });

  test("the lock of a deploy that was killed goes, and another machine's stays", async () => {
    const endpoint = s3.environment.AWS_ENDPOINT_URL!;
    const url = `s3://state?endpoint=${endpoint}&s3ForcePathStyle=true&region=eu-central-1`;
    const there = Object.entries({ ...s3.environment, PULUMI_BACKEND_URL: url });
    const recover = () =>
      project.attempt("env", [
        ...there.map(([name, value]) => `${name}=${value}`),
        ...["./dating", "recover", project.stackName],
      ]);
    const lock = `${endpoint}/state/.pulumi/locks/organization/dating/${project.stackName}/killed.json`;
    const lockFrom = async (machine: string) => {
      // Above the highest process id of Linux, 2^22.
      const holder = {
        pid: 2 ** 22 + 1,
        username: "ana",
        hostname: machine,
        timestamp: "2026-11-20T10:00:00Z",
      };
      expect((await fetch(lock, { method: "PUT", body: JSON.stringify(holder) })).status).toBe(200);
    };
    await lockFrom("runner-7");
    const refused = recover();
    expect(refused.stderr).toContain("is being deployed by ana@runner-7");
    expect(refused.status).toBe(3);
    expect((await fetch(lock)).status).toBe(200);

    await lockFrom(hostname());
    const { status, stdout } = recover();
    expect(stdout).toContain("Removing the lock of a deploy that is gone: pulumi cancel");
    expect(status).toBe(0);
    expect((await fetch(lock)).status).toBe(404);
  });
});
