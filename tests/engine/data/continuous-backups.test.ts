import { spawn } from "node:child_process";
import { once } from "node:events";

import { deployedApplication, sql } from "../support/application";
import { containerOf, docker, services } from "../support/docker";
import { requestUntilHealthy } from "../support/http";
import type { Project } from "../support/project";
import { soakTest } from "../support/soak";
import { SftpStore } from "../support/stores/sftp-store";

jest.setTimeout(600_000);

let project: Project;
let url: string;
let store: SftpStore;

beforeAll(async () => {
  ({ project, url } = await deployedApplication());
  store = await SftpStore.start(project);
});
afterAll(() => project?.discard());

const service = (...command: string[]) => docker("exec", containerOf(project.prefix, "backup"), ...command);
const backup = (...args: string[]) => project.attempt("./dating", ["backup", ...args]);

/** A metric of the backup service about a place; undefined where it tells none. */
async function metric(name: string, place = "volume", label = "place"): Promise<number | undefined> {
  const text = await service(
    ...[
      "python3",
      "-c",
      "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9101').read().decode())",
    ],
  );
  const [, value] = new RegExp(`^${name}\\{${label}="${place}"\\} (.+)$`, "m").exec(text) ?? [];
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

test("are switched on in a stack that runs: it keeps its dumps, and Postgres is away for one start", async () => {
  await until(async () => backup("list", project.stackName).stdout.includes("database"));
  const dumps = backup("list", project.stackName).stdout;
  const before = await services(project.prefix);
  await project.configurePath("backupRepositories[0]", "volume");
  await store.configure(project, 1);
  await project.configurePath("backupWalLimit", "128 MiB");
  await project.configurePath("backupVerify", "* * * * *");
  const review = project.run("./dating", ["preview", project.stackName]);
  expect(review).toMatch(/postgres/);
  await project.up();
  await requestUntilHealthy(url);
  const after = await services(project.prefix);
  const replaced = Object.keys(after).filter((name) => after[name]!.Id !== before[name]?.Id);
  expect(replaced.sort()).toEqual(["backup", "backup-verifier", "postgres"]);
  expect(backup("list", project.stackName).stdout).toContain(dumps.trim());
  for (const refresh of [false, true])
    expect((await project.preview({ refresh })).steps.filter((step) => !step.startsWith("same"))).toEqual([]);
});

test("begin with the deploy: a base backup in each place, encrypted, and every change of the database soon after it is made", async () => {
  for (const place of ["volume", "sftp"])
    await until(
      async () => (await metric("dating_base_backup_last_success_timestamp_seconds", place)) !== undefined,
    );
  // As OpenSSL begins a file that it encrypts.
  const info = "find /backups/continuous/repository/backup -name backup.info -exec head -c 6 {} ;";
  expect(await docker("exec", "--user", "0", containerOf(project.prefix, "backup"), ...info.split(" "))).toBe(
    "Salted",
  );
  expect(await store.inside("find /home/deploy/dating -name backup.info -exec head -c 6 {} \\;")).toBe(
    "Salted",
  );

  const before = (await metric("dating_archive_last_success_timestamp_seconds", "sftp"))!;
  await addUser(1);
  // Nobody asks for it: Postgres ends the piece of its log by itself.
  await until(async () => (await metric("dating_archive_last_success_timestamp_seconds", "sftp"))! > before);
  await until(async () => (await metric("dating_archive_waiting_files", "sftp")) === 0);
});

test("miss nothing of the log while a deploy replaces the service: Postgres waits for it, and is refused nothing", async () => {
  const counted = () => sql(project, "select archived_count, failed_count from pg_stat_archiver");
  const [, refused] = (await counted()).split("|");
  await docker("stop", containerOf(project.prefix, "backup"));
  await addUser(50);
  const segment = await sql(project, "select pg_walfile_name(pg_switch_wal())");
  // As long as another container takes to start on a busy machine.
  await new Promise((later) => setTimeout(later, 8000));
  await docker("start", containerOf(project.prefix, "backup"));
  await until(async () => (await sql(project, "select last_archived_wal from pg_stat_archiver")) >= segment);
  expect((await counted()).split("|")[1]).toBe(refused);
  await sql(project, "delete from users where tg_id = 50");
});

const verified = (name: string, backup: string) => metric(`dating_backup_${name}`, backup, "backup");

test("are restored by the stack itself on a schedule, as its dumps are: each is counted, and nothing of it stays", async () => {
  await addUser(40);
  const since = Date.now() / 1000;
  for (const backup of ["dumps", "volume", "sftp"]) {
    await until(async () => ((await verified("verified_timestamp_seconds", backup)) ?? 0) > since);
    expect(await verified("verify_last_run_failed", backup)).toBe(0);
  }
  const counted = await sql(
    project,
    `select sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', schemaname, tablename), false, true, '')))[1]::text::int)
       from pg_tables where schemaname = 'public'`,
  );
  // The row that was added last is archived 45 seconds later at most.
  for (const place of ["volume", "sftp"])
    await until(async () => (await verified("verified_rows", place)) === Number(counted));
  const verifier = containerOf(project.prefix, "backup-verifier");
  await until(async () => !(await docker("top", verifier, "-eo", "pid,args")).includes("postgres -D"));
  await until(
    async () => (await docker("exec", verifier, "sh", "-c", "ls -A /verify; ls -d /tmp/verify || :")) === "",
  );
});

soakTest(
  "are said not to be good where a dump is damaged, or is not what was dumped, while the others are",
  async () => {
    const root = (script: string) =>
      docker("exec", "--user", "0", containerOf(project.prefix, "backup"), "sh", "-c", script);
    const newest = "cd /backups/scheduled/$(ls /backups/scheduled | tail -n 1)";
    const service = containerOf(project.prefix, "backup");
    const said = async (words: string) =>
      until(async () => project.attempt("docker", ["logs", "--tail", "40", service]).stderr.includes(words));
    await root(
      `${newest}; cp -p manifest.json /tmp/kept; sed 's/"rows": 1/"rows": 2/' /tmp/kept >manifest.json`,
    );
    await said("is not what was dumped");
    expect(await verified("verify_last_run_failed", "dumps")).toBe(1);
    await root(
      `${newest}; cp /tmp/kept manifest.json; cp -p database.dump /tmp/dump; printf x | dd of=database.dump bs=1 seek=99 conv=notrunc`,
    );
    await said("has changed since it was made");
    expect(await verified("verify_last_run_failed", "volume")).toBe(0);
    await root(`${newest}; cp /tmp/dump database.dump`);
    await until(async () => (await verified("verify_last_run_failed", "dumps")) === 0);
  },
);

test("bring back the database as it was between two changes, beside the running one, and there is a way back", async () => {
  await sql(project, "delete from users where tg_id = 40");
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

test("never fill the disk where a place takes nothing, which keeps nothing from the other one, and make up for it as soon as it does", async () => {
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
  await until(async () => (await metric("dating_archive_waiting_files", "sftp")) === 0);
  expect(await metric("dating_archive_gap_since_timestamp_seconds", "sftp")).toBeUndefined();
  expect(await metric("dating_archive_last_run_failed", "sftp")).toBe(0);
  expect(await metric("dating_archive_last_run_failed", "volume")).toBe(1);
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

test("leave nothing of a restore whose command is killed, neither a copy of the database nor what opens the backups", async () => {
  const left = async (kind: "ps" | "volume") =>
    docker(
      ...(kind === "ps" ? ["ps", "--all"] : ["volume", "ls"]),
      ...["--quiet", "--filter", `label=dating.point-in-time=${project.prefix}`],
    );
  const begun = nextPointInTime("-server");
  const child = spawn("./dating", ["backup", "restore", project.stackName, "--at", "latest", "--yes"], {
    cwd: project.directory,
    env: { ...process.env, ...project.environment },
    stdio: "ignore",
  });
  const ended = once(child, "exit").then(() => "ended");
  expect(await Promise.race([begun, ended])).toBe("begun");
  expect(await left("volume")).not.toBe("");
  child.kill("SIGKILL");
  await until(async () => (await left("ps")) + (await left("volume")) === "");
  const recovered = project.attempt("./dating", ["recover", project.stackName, "--yes"]);
  // On this machine alone, where nothing but a command can remove it.
  expect(recovered.stdout).toMatch(/Removed \S+dating-point-in-time-\S+, which a restore has left/);
  expect(recovered.stdout).not.toMatch(/Removed the (container|volume)/);
  expect(recovered.status).toBe(0);
  await requestUntilHealthy(url);
});

/** Waits until a container of a restore to a point in time starts whose name ends so. */
async function nextPointInTime(end: string): Promise<"begun"> {
  const filters = ["--filter", "event=start", "--filter", `label=dating.point-in-time=${project.prefix}`];
  const format = ["--format", "{{.Actor.Attributes.name}}"];
  const events = spawn("docker", ["events", ...filters, ...format], { stdio: ["ignore", "pipe", "inherit"] });
  for (let seen = ""; !seen.trim().endsWith(end);) seen += String((await once(events.stdout, "data"))[0]);
  events.kill();
  return "begun";
}
