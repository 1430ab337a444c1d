import { spawn } from "node:child_process";
import { once } from "node:events";

import { application, rowCounts, sql } from "../engine/support/application";
import { requestUntilHealthy } from "../engine/support/http";
import type { Project } from "../engine/support/project";

jest.setTimeout(900_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
  await requestUntilHealthy(url);
  await sql(
    project,
    `insert into users (tg_id, username, first_name) select n, repeat('u' || n, 10), 'Zoë ' || n
       from generate_series(1, 400000) n`,
  );
  expect(project.attempt("./dating", ["backup", "create", project.stackName]).status).toBe(0);
});
afterAll(() => project?.discard());

const users = () => sql(project, "select count(*) from users").then(Number);
const restore = ["--from", "backups", "--yes"];

test("a restore that is killed at any time leaves one whole database, and can be run again", async () => {
  const seen = new Set<number>();
  for (let milliseconds = 500; milliseconds < 16_000; milliseconds += 1000) {
    await sql(project, "delete from users where tg_id > 10");
    const child = spawn("./dating", ["backup", "restore", project.stackName, ...restore], {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      detached: true,
      stdio: "ignore",
    });
    const ended = once(child, "exit");
    await new Promise((later) => setTimeout(later, milliseconds));
    if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
    await ended;
    // What was asked of the server before goes on without us.
    await new Promise((later) => setTimeout(later, 1000));
    await requestUntilHealthy(url);
    const count = await users();
    expect([10, 400_000]).toContain(count);
    seen.add(count);
  }
  expect(seen.size).toBe(2);
  await sql(project, "delete from users");
  expect(project.attempt("./dating", ["backup", "restore", project.stackName, ...restore]).status).toBe(0);
  expect(await users()).toBe(400_000);
  expect(project.attempt("./dating", ["backup", "undo", project.stackName]).status).toBe(0);
  expect(await users()).toBe(0);
  await requestUntilHealthy(url);
});

test("a cold copy of the database's files comes back, with the passwords of today", async () => {
  const rows = await rowCounts(project);
  const made = project.attempt("./dating", [
    "backup",
    ...["create", project.stackName, "--no-database", "--volume", "postgres_data", "--to", "cold"],
  ]);
  expect(made.stderr).toMatch(/postgres away for \d/);
  await project.stack.setConfig("dating:databasePasswordVersion", { value: "2" });
  await project.up();
  await sql(project, "insert into users (tg_id) values (999999999)");
  const restored = project.attempt("./dating", [
    "backup",
    "restore",
    project.stackName,
    "--from",
    "cold",
    "--yes",
  ]);
  expect(restored.stderr).not.toContain("rror");
  expect(restored.status).toBe(0);
  expect(await rowCounts(project)).toEqual(rows);
  await requestUntilHealthy(url);
});
