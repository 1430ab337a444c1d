import { application, sql } from "./support/application";
import { containerOf, docker } from "./support/docker";
import { requestUntilHealthy } from "./support/http";
import type { Project } from "./support/project";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.configurePath("backupRepositories[0]", "volume");
  await project.configurePath("backupWalLimit", "128 MiB");
  await project.up();
  await requestUntilHealthy(url);
});
afterAll(() => project?.discard());

const service = (...command: string[]) => docker("exec", containerOf(project.prefix, "backup"), ...command);
const backup = (...args: string[]) => project.attempt("./dating", ["backup", ...args]);

/** A metric of the backup service; undefined where it tells none. */
async function metric(name: string): Promise<number | undefined> {
  const text = await service(
    ...[
      "python3",
      "-c",
      "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9101').read().decode())",
    ],
  );
  const [, value] = new RegExp(`^${name} (.+)$`, "m").exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

/** Waits for something that takes a while: the test's own time limit is the longest. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((later) => setTimeout(later, 1000));
}

const addUser = (number: number) =>
  sql(project, `insert into users (tg_id, username, first_name) values (${number}, 'user${number}', 'Zoë')`);
const users = () => sql(project, "select tg_id from users order by 1");
const serverTime = () =>
  sql(project, `select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);

test("begin with the deploy: a base backup, encrypted, and every change of the database soon after it is made", async () => {
  await until(async () => (await metric("dating_base_backup_last_success_timestamp_seconds")) !== undefined);
  // As OpenSSL begins a file that it encrypts.
  const info = "find /backups/continuous/repository/backup -name backup.info -exec head -c 6 {} ;";
  expect(await docker("exec", "--user", "0", containerOf(project.prefix, "backup"), ...info.split(" "))).toBe(
    "Salted",
  );

  const before = (await metric("dating_archive_last_success_timestamp_seconds"))!;
  await addUser(1);
  // Nobody asks for it: Postgres ends the piece of its log by itself.
  await until(async () => (await metric("dating_archive_last_success_timestamp_seconds"))! > before);
  await until(async () => (await metric("dating_archive_waiting_files")) === 0);
  expect((await project.preview()).steps.filter((step) => !step.startsWith("same"))).toEqual([]);
});

test("bring back the database as it was between two changes, beside the running one, and there is a way back", async () => {
  await addUser(2);
  const between = await serverTime();
  await sql(project, "select pg_sleep(0.01)");
  await sql(project, "delete from users where tg_id = 1");
  await addUser(3);
  expect(await users()).toBe("2\n3");

  const dry = backup("restore", project.stackName, "--at", between, "--dry-run");
  expect(dry.stdout).toMatch(/^server \d+: any time from \S+ on/);
  expect(dry.status).toBe(0);

  const restored = backup("restore", project.stackName, "--at", between, "--yes");
  expect(restored.stderr).toMatch(/took no connections for \d\.\d+ s/);
  expect(restored.status).toBe(0);
  expect(await users()).toBe("1\n2");
  await requestUntilHealthy(url);
  expect(
    await docker("ps", "--all", "--quiet", "--filter", `label=dating.point-in-time=${project.prefix}`),
  ).toBe("");
  expect(
    await docker("volume", "ls", "--quiet", "--filter", `label=dating.point-in-time=${project.prefix}`),
  ).toBe("");

  expect(backup("undo", project.stackName).status).toBe(0);
  expect(await users()).toBe("2\n3");
});

test("say before anything is changed that there is no way to a time", () => {
  const early = backup("restore", project.stackName, "--at", "2020-01-01T00:00:00Z", "--yes");
  expect(early.stderr).toMatch(
    /There is no base backup before 2020-01-01T00:00:00.000Z: server \d+: any time from/,
  );
  expect(early.status).toBe(1);
});

test("never fill the disk where the repository takes nothing, and make up for it as soon as it does", async () => {
  const root = (script: string) =>
    docker("exec", "--user", "0", containerOf(project.prefix, "backup"), "sh", "-c", script);
  const owner = await root("stat -c %u /backups/continuous");
  await root("chown -R 0 /backups/continuous/repository/archive");
  const waiting = async () =>
    Number(
      await sql(project, "select count(*) from pg_ls_dir('pg_wal/archive_status') f where f like '%.ready'"),
    );
  for (let number = 10; number < 30; number++) {
    await addUser(number);
    await sql(project, "select pg_switch_wal()");
  }
  await until(async () => (await waiting()) <= 9);
  // It goes on taking changes, and says what that costs.
  await addUser(30);
  expect((await metric("dating_archive_gap_since_timestamp_seconds"))!).toBeGreaterThan(0);
  const health = ["inspect", "--format", "{{.State.Health.Status}}", containerOf(project.prefix, "backup")];
  await until(async () => (await docker(...health)) === "unhealthy");

  await root(`chown -R ${owner} /backups/continuous/repository/archive`);
  await until(async () => (await metric("dating_archive_gap_since_timestamp_seconds")) === undefined);
  const restored = backup("restore", project.stackName, "--at", "latest", "--yes");
  expect(restored.stderr).not.toContain("is not archived within");
  expect(restored.status).toBe(0);
  expect((await users()).split("\n")).toContain("30");
});
