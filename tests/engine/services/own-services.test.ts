import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../../images/content";
import { application } from "../support/application";
import { docker, labelled, services } from "../support/docker";
import { requestUntilHealthy } from "../support/http";
import { testImage } from "../support/stores/image";
import type { Project } from "../support/project";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;

/** The example of the documentation, word for word. */
const example = /```yaml\n(services:[^]*?)```/.exec(
  readFileSync(join(projectRoot, "docs/own-services.md"), "utf8"),
)![1]!;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
  project.edit("services.yaml", "services: {}\n", example);
});
afterAll(() => project?.discard());

const running = async (service: string) => (await services(project.prefix))[service]!;
const inService = async (service: string, ...command: string[]) =>
  docker("exec", (await running(service)).Id, ...command);

function logOf(id: string): string {
  const { stdout, stderr } = spawnSync("docker", ["logs", id], { encoding: "utf8" });
  return stdout + stderr;
}

async function until(right: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 60 && !(await right()); turn++)
    await new Promise((later) => setTimeout(later, 500));
  expect(await right()).toBe(true);
}

test("a server without an image is refused, with the command that names one", async () => {
  const error = await project.up().catch(String);
  expect(error).toMatch(/dating:images\.redis is missing\n\s+pulumi config set .*dating:images\.redis/);
});

test("the example is deployed as it is, beside what ran already", async () => {
  const before = await running("bot");
  await project.configurePath("images.redis", testImage("redis", "programs/guestbook/images"));
  // A job of every five minutes is one of every five seconds.
  project.edit("components/own-services/clock.ts", "minute: 60", "minute: 1");
  await project.up();
  await requestUntilHealthy(url);
  for (const service of ["redis", "matcher", "reminders"]) {
    const { State, HostConfig } = await running(service);
    expect({ service, health: State.Health?.Status }).toEqual({ service, health: "healthy" });
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], Memory: 128 * 1024 ** 2 });
  }
  expect((await running("bot")).Id).toBe(before.Id);
  expect((await project.up({ refresh: true })).steps).toEqual([]);
});

test("a worker has what the bot has, and the job runs by the clock", async () => {
  const environment = await inService("matcher", "env");
  for (const name of ["BOT_TOKEN", "BOT_DATABASE_URL", "JWT_SECRET"])
    expect(environment).toContain(`${name}=`);
  expect(logOf((await running("matcher")).Id)).toContain("looking for matches");
  const runs = async () =>
    logOf((await running("reminders")).Id)
      .split("\n")
      .filter((line) => line === "nobody to remind");
  await until(async () => (await runs()).length >= 2);
});

test("the bot and the workers reach the server by its name, and the edge's network does not", async () => {
  const ping =
    "import socket; s = socket.create_connection(('redis', 6379), 3); s.sendall(b'PING\\r\\n'); print(s.recv(7))";
  for (const service of ["bot", "matcher"])
    expect(await inService(service, "python3", "-c", ping)).toContain("+PONG");
  expect(Object.keys((await running("redis")).NetworkSettings.Networks)).toEqual([
    `${project.prefix}-internal`,
  ]);
});

test("the server's data survive another container, and a new release stops the old worker first", async () => {
  await inService("redis", "redis-cli", "set", "kept", "yes");
  const [matcher, redis] = [await running("matcher"), await running("redis")];
  project.edit("services.yaml", '"--appendonly", "yes"', '"--appendonly", "yes", "--maxmemory", "64mb"');
  await project.configurePath("nsfwThreshold", "0.8");
  breakTheJob();
  await project.up();
  expect((await running("redis")).Id).not.toBe(redis.Id);
  expect(await inService("redis", "redis-cli", "get", "kept")).toBe("yes");
  expect((await running("matcher")).Id).not.toBe(matcher.Id);
  expect(await inService("matcher", "env")).toContain("NSFW_THRESHOLD=0.8");
});

function breakTheJob(): void {
  project.edit("services.yaml", "print('nobody to remind')", "raise SystemExit(3)");
  // Each check counts, and one is made each second.
  project.edit(
    "components/own-services/programs.ts",
    "health: { command: `test",
    'health: { interval: "1 second", retries: 1, startPeriod: "1 second", command: `test',
  );
}

test("a job that fails makes its service unhealthy", async () => {
  const health = async () => (await running("reminders")).State.Health?.Status;
  await until(async () => (await health()) === "unhealthy");
  expect(logOf((await running("reminders")).Id)).toContain("exit code 3");
  expect(project.attempt("./dating", ["status", project.stackName]).stdout).toMatch(/reminders .*unhealthy/);
});

soakTest(
  "what is taken out of the list is gone after a deploy, and its volume stays where it is",
  async () => {
    copyFileSync(join(projectRoot, "services.yaml"), join(project.directory, "services.yaml"));
    await project.stack.removeConfig("dating:images.redis", true);
    const error = await project.up().catch(String);
    const [, unprotect] = /`(pulumi state unprotect .*redis_data')`/.exec(error as string) ?? [];
    project.run("sh", ["-c", `${unprotect} --yes --stack ${project.stackName}`]);
    await project.up();
    await requestUntilHealthy(url);
    expect(Object.keys(await services(project.prefix))).not.toContain("redis");
    expect(await labelled("volume", project.prefix)).toContain(`${project.prefix}_redis_data`);
  },
);
