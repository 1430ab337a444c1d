import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { application, rowCounts, sql } from "../../engine/support/application";
import { docker, services } from "../../engine/support/docker";
import { requestUntilHealthy } from "../../engine/support/http";
import { nextEvent, runAfterKill, spread } from "../../engine/support/killing";
import type { Project } from "../../engine/support/project";

jest.setTimeout(1_800_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
  await requestUntilHealthy(url);
  await sql(
    project,
    `insert into users (tg_id, username, first_name) select n, repeat('u' || n, 10), 'Zoë ' || n
       from generate_series(1, 100000) n`,
  );
});
afterAll(() => project?.discard());

const restore = () => ["--from", project.backups, "--yes"];
const dating = (...words: string[]) => project.attempt("./dating", ["backup", ...words]);

/** A restore in a process group of its own, as a terminal makes one. */
const beginRestore = () =>
  spawn("./dating", ["backup", "restore", project.stackName, ...restore()], {
    cwd: project.directory,
    env: { ...process.env, ...project.environment },
    detached: true,
    stdio: "ignore",
  });

/** A restore that is killed after so many events of Docker's containers. @returns how many there were before it ended */
async function restoreAndKill(after: number): Promise<number> {
  const wanted = ["create", "start", "die", "destroy"].flatMap((event) => ["--filter", `event=${event}`]);
  const events = spawn("docker", ["events", "--filter", "type=container", ...wanted], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const child = beginRestore();
  const ended = once(child, "exit");
  let count = 0;
  events.stdout.on("data", (text: Buffer) => {
    count += String(text).split("\n").length - 1;
    // The commands that must not end with it are in process groups of their own.
    if (count >= after && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid!, "SIGKILL");
  });
  await ended;
  events.kill();
  expect(child.signalCode).toBe(after === Infinity ? null : "SIGKILL");
  return count;
}

/** The word that the database and the photos have, where both are of one time. */
async function word(): Promise<string> {
  const { bot } = await services(project.prefix);
  const photos = await docker(
    ...[
      "run",
      "--rm",
      "--volumes-from",
      `${bot!.Id}:ro`,
      "--user",
      "0",
      "--entrypoint",
      "sh",
      bot!.Config.Image,
    ],
    ...["-c", "cat /app/photos/word"],
  );
  const row = await sql(project, "select first_name from users where tg_id = 1");
  return photos === row ? row : `${row} in the database, ${photos} in the photos`;
}
async function write(text: string): Promise<void> {
  await sql(project, `update users set first_name = '${text}' where tg_id = 1`);
  const { bot } = await services(project.prefix);
  await docker("exec", bot!.Id, "sh", "-c", `echo ${text} >/app/photos/word`);
}

test("a restore that is killed at any event loses nothing, runs on data of one time, and is ended by the next command", async () => {
  await write("archived");
  expect(dating("create", project.stackName, "--volume", "photo_storage").status).toBe(0);
  await write("present");
  const all = await restoreAndKill(Infinity);
  expect(await word()).toBe("archived");
  expect(dating("undo", project.stackName).status).toBe(0);

  const seen = new Set<string>();
  const points = spread(14, all);
  for (const [place, point] of points.entries()) {
    await write("present");
    expect(dating("restore", project.stackName, "--finish").status).toBe(0);
    await restoreAndKill(point);
    // What Docker and the server were told before goes on without it.
    await new Promise((later) => setTimeout(later, 2000));
    const { bot } = await services(project.prefix);
    const runs = bot!.State.Status === "running";
    seen.add(runs ? "up" : "down");
    if (runs) expect(["archived", "present"]).toContain(await word());
    const undo = place % 2 === 0;
    const words = undo ? ["undo", project.stackName] : ["restore", project.stackName, ...restore()];
    const next = await runAfterKill(project, "backup", ...words);
    // An undo of what had not begun says that there is nothing.
    if (next.status !== 0) expect(next.stderr).toContain("keeps nothing that a restore has replaced");
    expect(await word()).toBe(undo ? "present" : "archived");
    await requestUntilHealthy(url);
  }
  expect([...seen].sort()).toEqual(["down", "up"]);
});

test("a restore that is ended by Ctrl-C on the terminal is taken back or finished", async () => {
  const outcomes = new Set<string>();
  for (const event of ["start", "die"] as const) {
    await write("present");
    const child = beginRestore();
    const ended = once(child, "exit");
    // The first container is one that looks; the bot's end is in the middle of the stop.
    await (event === "die" ? nextEvent(project, "bot", "die") : nextHelper());
    process.kill(-child.pid!, "SIGINT");
    await ended;
    outcomes.add(child.exitCode === 0 ? "finished" : "taken back");
    expect([0, 130]).toContain(child.exitCode);
    await requestUntilHealthy(url);
    expect(await word()).toBe(child.exitCode === 0 ? "archived" : "present");
  }
  expect(outcomes).toContain("taken back");
});

/** Waits until a container unpacks a volume. */
async function nextHelper(): Promise<void> {
  const filters = ["event=start", `label=dating.restore.helper=${project.prefix}`];
  const events = spawn("docker", ["events", ...filters.flatMap((filter) => ["--filter", filter])], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(events.stdout, "data");
  events.kill();
}

test("a cold copy of the database's files comes back, with the passwords of today", async () => {
  const rows = await rowCounts(project);
  const cold = join(project.backups, "cold");
  const made = project.attempt("./dating", [
    "backup",
    ...["create", project.stackName, "--no-database", "--volume", "postgres_data", "--to", cold],
  ]);
  expect(made.stderr).toMatch(/postgres-\w+ away for \d/);
  await project.stack.setConfig("dating:databasePasswordVersion", { value: "2" });
  await project.up();
  await sql(project, "insert into users (tg_id) values (999999999)");
  const restored = project.attempt("./dating", [
    "backup",
    "restore",
    project.stackName,
    "--from",
    cold,
    "--yes",
  ]);
  expect(restored.stderr).not.toContain("rror");
  expect(restored.status).toBe(0);
  expect(await rowCounts(project)).toEqual(rows);
  await requestUntilHealthy(url);
});
