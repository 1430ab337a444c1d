import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

import { sql } from "../../engine/support/application";
import { docker } from "../../engine/support/docker";
import { requestUntilHealthy } from "../../engine/support/http";
import { Load } from "../../engine/support/load";
import { Original } from "../../engine/support/stores/original";
import { killTree } from "../../engine/support/processes";
import { freePort, Project } from "../../engine/support/project";

jest.setTimeout(900_000);

let project: Project;
let original: Original;
let url: string;

beforeEach(async () => {
  project = await Project.create();
  const port = await freePort();
  url = `http://localhost:${port}`;
  await project.configure({ httpPort: String(port), localImages: "true" });
  original = await Original.start(project, port);
  await requestUntilHealthy(url);
});
afterEach(() => {
  project?.discard();
  original?.discard();
});

/** In the background, so that the load goes on. */
const adopt = (command: "start" | "back" | "finish", ...options: string[]) =>
  promisify(execFile)(
    "./dating",
    ["adopt", command, project.stackName, "--project", original.project, ...options],
    {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      maxBuffer: 64 * 1024 * 1024,
    },
  );

const count = "select count(*) from interactions";

/** Does something while people write. Every write that was acknowledged has to be there afterwards. */
async function whileWriting(
  what: string,
  action: () => Promise<unknown>,
  rows: () => Promise<string>,
): Promise<void> {
  const load = new Load(url);
  await new Promise((later) => setTimeout(later, 3000));
  await action();
  await requestUntilHealthy(url);
  await new Promise((later) => setTimeout(later, 3000));
  const seen = await load.stop();
  process.stderr.write(
    `${what}: ${seen.written} writes, ${seen.longestGap.toFixed(1)} s between two answers\n`,
  );
  expect(seen.written).toBeGreaterThan(100);
  written += seen.written;
  expect(Number(await rows())).toBeGreaterThanOrEqual(written);
}
let written = 0;

test("under load, no acknowledged write is lost: there, back, and there again for good", async () => {
  await whileWriting(
    "adoption",
    () => adopt("start", "--yes"),
    () => sql(project, count),
  );
  await whileWriting(
    "way back",
    () => adopt("back", "--yes"),
    () => original.sql(count),
  );
  await whileWriting(
    "again",
    () => adopt("start", "--yes"),
    () => sql(project, count),
  );
  expect((await adopt("finish")).stdout).toContain("are removed");
  const volumes = await docker("volume", "ls", "--quiet", "--filter", `name=^${original.project}_`);
  expect(volumes).toContain("postgres_data");
  expect(volumes).toContain("grafana_data");
  await requestUntilHealthy(url);
  expect(Number(await sql(project, count))).toBeGreaterThanOrEqual(written);
});

/** What the Docker host says of a moment in an adoption: filters of `docker events`. */
const moments = (): Record<string, string[]> => {
  const ofStack = (service: string, event: string) => [
    ...[`event=${event}`, `label=dating.stack=${project.prefix}`, `label=dating.service=${service}`],
  ];
  const server = `label=dating.server=${original.volume("postgres_data")}`;
  return {
    "its bot is stopped": ["event=die", `container=${original.container("bot")}`],
    "its database is stopped": ["event=die", `container=${original.container("db")}`],
    "the data are being prepared": ["event=start", server],
    "the data are prepared": ["event=die", server],
    "the stack's database is made": ofStack("postgres", "create"),
    "the stack's database starts": ofStack("postgres", "start"),
    "the schema is migrated": ["event=start", "label=dating.job=migrations"],
    "the stack's bot starts": ofStack("bot", "start"),
  };
};

/** Kills a command at a moment, with all that it has started. */
async function killAt(command: "start" | "back", filters: string[]): Promise<void> {
  const events = spawn("docker", ["events", ...filters.flatMap((filter) => ["--filter", filter])], {
    stdio: ["ignore", "pipe", "inherit"],
    env: process.env,
  });
  const words = ["adopt", command, project.stackName, "--project", original.project, "--yes"];
  const child = spawn("./dating", words, {
    cwd: project.directory,
    env: { ...process.env, ...project.environment },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  await Promise.race([once(events.stdout, "data"), ended]);
  events.kill();
  killTree(child.pid!);
  expect(await ended).toEqual([null, "SIGKILL"]);
}

test("killed at any moment, an adoption is continued by the next one, or taken back", async () => {
  for (const [place, [moment, filters]] of Object.entries(moments()).entries()) {
    const next = place % 2 === 0 ? "start" : "back";
    process.stderr.write(`killed when ${moment}, then: adopt ${next}\n`);
    await killAt("start", filters);
    if (next === "start") {
      await adopt("start", "--yes");
      expect(Number(await sql(project, "select count(*) from users"))).toBe(500);
      await requestUntilHealthy(url);
    }
    await adopt("back", "--yes");
    expect(Number(await original.sql("select count(*) from users"))).toBe(500);
    await requestUntilHealthy(url);
  }
}, 3_600_000);
