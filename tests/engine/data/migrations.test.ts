import { rmSync } from "node:fs";
import { join } from "node:path";

import { deployedApplication, rowCounts, sql } from "../support/application";
import { containerOf, docker, services } from "../support/docker";
import { healthy, request, requestUntilHealthy } from "../support/http";
import type { Project } from "../support/project";
import { revisionFile, writeRevision } from "../support/revisions";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await deployedApplication());
  await sql(
    project,
    "insert into users (tg_id, username) select n, 'user' || n from generate_series(1, 100) n",
  );
});
afterAll(() => project?.discard());

const write = (name: string, down: string, statement: string) =>
  writeRevision(project, name, down, statement);
const file = (name: string) => revisionFile(project, name);
const revision = () => sql(project, "select version_num from alembic_version");
const inBackup = async (script: string) =>
  docker("exec", (await services(project.prefix)).backup!.Id, "sh", "-c", script);
const dumps = async () =>
  (await inBackup("ls -A /backups/pre-migration 2>/dev/null || true")).split("\n").filter(Boolean);
const schema = async () =>
  (
    await docker(
      "exec",
      containerOf(project.prefix, "postgres"),
      "pg_dump",
      "-U",
      "postgres",
      "--schema-only",
      "dating",
    )
  )
    // Another random word in each dump.
    .replace(/^\\(un)?restrict .*$/gm, "");
const bot = async () => (await services(project.prefix)).bot!.Id;
const head = "003_add_user_settings";

test("nothing pending, or nothing there yet, makes no dump", async () => {
  expect(await dumps()).toEqual([]);
});

test("a revision runs after a dump that brings back what it destroyed", async () => {
  const before = await rowCounts(project);
  write("004_destroy", head, "DELETE FROM users");
  await project.up();
  expect(await revision()).toBe("004_destroy");
  expect(await sql(project, "select count(*) from users")).toBe("0");
  const [name, ...others] = await dumps();
  expect(others).toEqual([]);
  expect(name).toMatch(/^\d{8}T\d{6}Z-003_add_user_settings\.dump$/);

  const id = (await services(project.prefix)).backup!.Id;
  project.run("sh", [
    "-c",
    `docker exec ${id} cat /backups/pre-migration/${name} |
       docker exec -i ${containerOf(project.prefix, "postgres")} pg_restore --username postgres --dbname dating --clean --if-exists --single-transaction`,
  ]);
  expect(await rowCounts(project)).toEqual(before);
  expect(await revision()).toBe(head);
  await requestUntilHealthy(url);
  rmSync(file("004_destroy"));
  await project.up();
});

test("a failing revision shows its error and changes nothing; a mended one is applied by the next deploy", async () => {
  const before = { schema: await schema(), rows: await rowCounts(project), bot: await bot() };
  write("004_note", head, "CREATE TABLE note (id int); SELECT 1 / 0");
  await project.stack.setConfig("dating:nsfwThreshold", { value: "0.8" });
  await expect(project.up()).rejects.toThrow(/division by zero[^]*CREATE TABLE note/);
  expect({ schema: await schema(), rows: await rowCounts(project), bot: await bot() }).toEqual(before);
  expect(await request(`${url}/health`)).toEqual(healthy);

  write("004_note", head, "CREATE TABLE note (id int)");
  await project.up();
  expect(await revision()).toBe("004_note");
  expect(await bot()).not.toBe(before.bot);
});

test("two heads are refused by the preview already", async () => {
  write("004_other", head, "SELECT 1");
  await expect(project.preview()).rejects.toThrow("has 2 heads, 004_note and 004_other");
  await expect(project.up()).rejects.toThrow("has 2 heads, 004_note and 004_other");
  const { status, stderr } = project.attempt("./dating", ["alembic", project.stackName, "upgrade", "head"]);
  expect(stderr).toContain("has 2 heads, 004_note and 004_other");
  expect(status).toBe(1);
  rmSync(file("004_other"));
});

test.each([
  ["ahead of the code", "009_from_the_future", /is ahead of the code: it is at 009_from_the_future/],
  ["at an unknown revision", "002_renamed", /unknown revision, 002_renamed[^]*stamp --purge/],
])("a database that is %s is left alone", async (_, at, message) => {
  const before = { bot: await bot(), dumps: await dumps() };
  await sql(project, `update alembic_version set version_num = '${at}'`);
  write("005_more", "004_note", "CREATE TABLE more (id int)");
  await expect(project.up()).rejects.toThrow(message);
  expect({ bot: await bot(), dumps: await dumps() }).toEqual(before);
  expect(await sql(project, "select to_regclass('more') is null")).toBe("t");
  // The way out that the message names.
  project.run("./dating", ["alembic", project.stackName, "stamp", "--purge", "004_note"]);
  expect(await revision()).toBe("004_note");
});

test("another process that holds the lock is waited for, named, and then an error", async () => {
  const before = await dumps();
  const holding = sql(project, "select pg_advisory_lock(7203118), pg_sleep(100)").catch(() => "ended");
  while (
    (await sql(project, "select count(*) from pg_locks where locktype = 'advisory' and objid = 7203118")) ===
    "0"
  );
  const { status, stdout, stderr } = project.attempt("env", [
    ...["LOCK_TIMEOUT=3", "./dating", "alembic", project.stackName, "upgrade", "head"],
  ]);
  expect(stdout + stderr).toMatch(
    /waiting up to 3 s: another migration is running \(pid \d+[^]*gave up after 3 s/,
  );
  expect(status).toBe(1);
  expect(await revision()).toBe("004_note");
  expect(await dumps()).toEqual(before);
  await sql(
    project,
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 7203118",
  );
  await holding;
});

test("without a place for the dump nothing is changed", async () => {
  await inBackup("mv /backups/pre-migration /backups/aside && ln -s /nowhere /backups/pre-migration");
  await expect(project.up()).rejects.toThrow(
    /no dump could be made before the migration, so nothing was changed/,
  );
  expect(await revision()).toBe("004_note");
  await inBackup("rm /backups/pre-migration && mv /backups/aside /backups/pre-migration");
});

test("a full disk under the dump is an error before anything is changed, and leaves nothing that looks like a dump", async () => {
  const volume = `${project.prefix}_full`;
  await docker(
    ...["volume", "create", "--label", `dating.stack=${project.prefix}`, "--opt", "type=tmpfs"],
    ...["--opt", "device=tmpfs", "--opt", "o=size=8k,uid=10003", volume],
  );
  // The file system is gone as soon as nobody mounts it.
  const image = ((await project.stack.outputs()).images!.value as Record<string, string>).migrations!;
  const look = await docker(
    ...["run", "--detach", "--label", `dating.stack=${project.prefix}`, "--label", "dating.service=look"],
    ...["--user", "10003", "--volume", `${volume}:/backups`, "--entrypoint", "sleep", image, "infinity"],
  );
  const state = JSON.parse(
    project.run("pulumi", ["stack", "export", "--show-secrets", "--stack", project.stackName]),
  ) as { deployment: { resources: { urn: string; inputs: { environment: object; stdin: unknown } }[] } };
  const { inputs } = state.deployment.resources.find(({ urn }) => urn.endsWith("::migrations-upgrade"))!;
  const password = JSON.parse((inputs.stdin as { plaintext: string }).plaintext) as string;
  const variables = Object.entries({ ...inputs.environment, VOLUME: volume }).map((each) => each.join("="));
  const { status, stderr, stdout } = project.attempt(
    "env",
    [...variables, "bash", "hooks/alembic.sh", "upgrade", "head"],
    password,
  );
  expect(stderr + stdout).toMatch(/so nothing was changed: pg_dump: .*No space left on device/);
  expect(status).toBe(1);
  expect(await docker("exec", look, "ls", "-A", "/backups/pre-migration")).toBe("");
  expect(await revision()).toBe("004_note");
  await docker("rm", "--force", look);
  await docker("volume", "rm", volume);

  await project.up();
  expect(await revision()).toBe("005_more");
});

test("of the dumps the oldest go, and never the newest", async () => {
  const image = ((await project.stack.outputs()).images!.value as Record<string, string>).migrations!;
  const script = `
import sys; sys.path.insert(0, "/code")
from datetime import datetime, timezone
from pre_migration_dump import expired
now = datetime(2026, 11, 30, tzinfo=timezone.utc)
made = ["20261001T000000Z-a.dump", "20261110T000000Z-b.dump", "20261129T000000Z-c.dump", "notes.dump"]
print(expired(made, 10, 90, now), expired(made, 10, 30, now), expired(made, 1, 90, now), expired(made[:1], 1, 1, now))`;
  const id = await docker(
    "create",
    "--rm",
    "--label",
    `dating.stack=${project.prefix}`,
    "--entrypoint",
    "python3",
    image,
    "-c",
    script,
  );
  project.run("docker", ["cp", `${join(project.directory, "migrations")}/.`, `${id}:/code`]);
  expect(project.run("docker", ["start", "--attach", id]).trim()).toBe(
    "[] ['20261001T000000Z-a.dump'] ['20261110T000000Z-b.dump', '20261001T000000Z-a.dump'] []",
  );
});
