import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, rowCounts, sql } from "../support/application";
import { containerOf, docker, services } from "../support/docker";
import { requestUntilHealthy } from "../support/http";
import { nextEvent, runAfterKill } from "../support/killing";
import type { Project } from "../support/project";
import { describeWithS3, startFakeS3, type FakeS3 } from "../support/stores/s3";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.stack.setConfig("dating:healthTimeout", { value: "20" });
  await project.up();
  await requestUntilHealthy(url);
  await sql(
    project,
    `insert into users (tg_id, username, first_name) select n, 'user' || n, 'Zoë ' || n from generate_series(1, 3000) n;
     insert into profiles (user_id, name, birth_date, gender, orientation, goal, interests, latitude, longitude)
     select n, 'n' || n, '1990-01-01', 'other', 'any', 'dating', array['a', 'b' || n], n / 7.0, n / 3.0
       from generate_series(1, 2000) n;`,
  );
  await inBot(
    `mkdir -p /app/photos/sub && cd /app/photos && head -c 300000 /dev/urandom >1.jpg && ln -s ../1.jpg "sub/a link" &&
     : >sub/empty && chmod 0600 sub/empty && touch --date "2024-02-29 01:02:03.123456789" 1.jpg sub`,
  );
});
afterAll(() => project?.discard());

async function inBot(script: string): Promise<string> {
  return docker("exec", (await services(project.prefix)).bot!.Id, "sh", "-c", script);
}

/** Everything about the photos that an archive has to bring back. */
const photos = () =>
  inBot(
    `cd /app/photos && find . -path ./.restore -prune -o -printf '%P %y %m %U %G %s %T+ %l\\n' | sort &&
     find . -path ./.restore -prune -o -type f -exec sha256sum {} + | sort`,
  );

/** Every row of a table, as text. */
const rows = (table: string) => sql(project, `select t::text from ${table} t order by 1`);

const backup = (...args: string[]) => project.attempt("./dating", ["backup", ...args]);
const restore = (...args: string[]) => project.attempt("./dating", ["backup", "restore", ...args]);
const archives = () => readdirSync(join(project.backups, project.stackName));

describe("an archive in a folder", () => {
  test("brings back every row and every file as they were, while the stack goes on serving", async () => {
    const before = { users: await rows("users"), profiles: await rows("profiles"), photos: await photos() };
    const made = backup("create", project.stackName, "--volume", "photo_storage");
    expect(made.stderr).toMatch(/database dating .* 5001 rows in 8 tables, revision 003_add_user_settings/);
    expect(made.status).toBe(0);

    await sql(project, "delete from profiles; update users set username = 'lost'");
    await inBot("cd /app/photos && rm 1.jpg && mkdir new && echo other >sub/empty");
    const restored = restore(project.stackName, "--from", project.backups, "--yes");
    expect(restored.stderr).toMatch(/took no connections for \d\.\d+ s/);
    expect(restored.status).toBe(0);

    expect({ users: await rows("users"), profiles: await rows("profiles"), photos: await photos() }).toEqual(
      before,
    );
    await requestUntilHealthy(url);
    expect(project.run("pulumi", ["preview", "--stack", project.stackName, "--expect-no-changes"])).toContain(
      "unchanged",
    );
  });

  test("leaves what it replaced, rows and files, and one command brings all of that back", async () => {
    const restored = await photos();
    expect((await rowCounts(project)).profiles).toBe(2000);
    const undone = backup("undo", project.stackName);
    expect(undone.stdout).toMatch(
      /To be brought back:\n +\d{14}: database, photo_storage, replaced .* ago by the restore of \S+\n.*revision 003_add_user_settings/,
    );
    expect(undone.status).toBe(0);
    expect((await rowCounts(project)).profiles).toBe(0);
    expect(await inBot("ls /app/photos; cat /app/photos/sub/empty")).toBe("new\nsub\nother");
    await requestUntilHealthy(url);

    const child = spawn("./dating", ["backup", "undo", project.stackName], {
      ...{ cwd: project.directory, detached: true, stdio: "ignore" },
      env: { ...process.env, ...project.environment },
    });
    const ended = once(child, "exit");
    await Promise.race([ended, nextEvent(project, "bot", "die")]);
    expect(child.exitCode).toBeNull();
    process.kill(-child.pid!, "SIGKILL");
    await ended;
    // What keeps deploys and repairs from starting it.
    expect(
      await docker("ps", "--all", "--quiet", "--filter", `label=dating.restore=${project.prefix}`),
    ).not.toBe("");
    expect((await services(project.prefix)).bot!.State.Status).toBe("exited");

    const again = await runAfterKill(project, "backup", "undo", project.stackName);
    expect(again.stderr).toMatch(/The undo to \d{14} was interrupted/);
    expect(again.status).toBe(0);
    expect((await rowCounts(project)).profiles).toBe(2000);
    expect(await photos()).toBe(restored);
    await requestUntilHealthy(url);
  });

  test("leaves nothing else when that is not wanted any more", async () => {
    expect(backup("list", project.stackName).stderr).toMatch(
      /^Kept \d{14}: database, photo_storage, replaced /m,
    );
    const finished = restore(project.stackName, "--finish");
    expect(finished.stdout).toMatch(/To be deleted, .* in all:\n +Kept \d{14}[^]*Deleted\./);
    expect(finished.status).toBe(0);
    expect(await sql(project, "select count(*) from pg_database where datname like 'dating\\_%'")).toBe("0");
    expect(await inBot("ls -A /app/photos")).toBe("1.jpg\nsub");
  });

  test("is verified by restoring it and comparing all rows", () => {
    const verified = backup("verify", project.stackName, "--from", project.backups);
    expect(verified.stdout).toContain("all rows are there");
    expect(verified.status).toBe(0);
  });

  test("is refused before anything is touched where it is truncated, changed, foreign or of an unknown schema", async () => {
    const [good] = archives();
    const place = join(project.backups, project.stackName);
    const bad = (name: string, spoil: (folder: string) => void) => {
      const folder = join(place, name);
      cpSync(join(place, good!), folder, { recursive: true });
      spoil(folder);
    };
    const edit = (folder: string, from: string | RegExp, to: string) => {
      const file = join(folder, "manifest.json");
      writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
    };
    bad("20200101T000001Z", (folder) => truncateSync(join(folder, "database.dump"), 5000));
    bad("20200101T000002Z", (folder) => appendFileSync(join(folder, "photo_storage.tar.zst"), "x"));
    bad("20200101T000003Z", (folder) => edit(folder, "dating-mini-app backup", "another format"));
    bad("20200101T000004Z", (folder) => edit(folder, `"stack": "${project.stackName}"`, `"stack": "other"`));
    bad("20200101T000005Z", (folder) => edit(folder, "003_add_user_settings", "009_from_the_future"));
    bad("20200101T000006Z", (folder) => edit(folder, /"sha256": "./, `"sha256": "g`));
    // The directory's name is what is asked for; the manifest's is what is read.
    for (const name of archives().filter((each) => each.startsWith("2020")))
      edit(join(place, name), /"name": "\w+"/, `"name": "${name}"`);

    const state = async () => ({
      rows: await rowCounts(project),
      photos: await photos(),
      databases: await sql(project, "select string_agg(datname, ' ' order by datname) from pg_database"),
      bot: (await services(project.prefix)).bot!.State.StartedAt,
    });
    const before = await state();
    for (const [name, reason] of [
      ["20200101T000001Z", "is damaged: 5000 bytes instead of"],
      ["20200101T000002Z", "is damaged"],
      ["20200101T000003Z", "is not an archive of this project"],
      ["20200101T000004Z", "is of stack other"],
      ["20200101T000005Z", "009_from_the_future, which migrations/versions does not have"],
      ["20200101T000006Z", "has a manifest that cannot be used: parts.0.sha256"],
      ["20200101T000007Z", "There is no archive"],
    ] as const) {
      const refused = restore(project.stackName, name, "--from", project.backups, "--yes");
      expect(refused.stderr).toContain(reason);
      expect(refused.status).toBe(1);
    }
    expect(await state()).toEqual(before);
  });
});

describeWithS3("an S3-compatible store", () => {
  let s3: FakeS3;
  beforeAll(async () => {
    s3 = await startFakeS3("safe");
    Object.assign(project.environment, s3.environment);
  });
  afterAll(() => s3?.stop());

  test("takes a copy of an archive, from which the stack is restored", async () => {
    const copied = backup("copy", project.stackName, "--from", project.backups, "--to", "s3://safe/offsite");
    expect(copied.stderr).toContain("copying database.dump");
    expect(copied.status).toBe(0);
    expect(backup("list", project.stackName, "--from", "s3://safe/offsite").stdout).toContain("5001 rows");

    const before = await rows("users");
    await sql(project, "delete from users");
    const restored = restore(
      ...[project.stackName, "--from", "s3://safe/offsite", "--only", "database", "--yes"],
    );
    expect(restored.stderr).toContain("took no connections");
    expect(await rows("users")).toBe(before);
  });
});

describe("the scheduled backup", () => {
  const inBackup = async (code: string) =>
    docker("exec", (await services(project.prefix)).backup!.Id, "python3", "-c", code);

  test("was made up for at once, can be verified, and tells its age", async () => {
    expect(backup("list", project.stackName).stdout).toMatch(
      /^\d{8}T\d{6}Z .*revision 003_add_user_settings/,
    );
    expect(backup("verify", project.stackName).stdout).toContain("all rows are there");
    const metrics = await inBackup(
      "import urllib.request as r; print(r.urlopen('http://backup:9101/metrics').read().decode())",
    );
    const [, time] = /^dating_backup_last_success_timestamp_seconds (\S+)$/m.exec(metrics) ?? [];
    expect(Math.abs(Date.now() / 1000 - Number(time))).toBeLessThan(600);
    expect(metrics).toMatch(/^dating_backup_failures_total 0\.0$/m);
  });

  test("leaves no copy of itself where its verification is killed", async () => {
    const child = spawn("./dating", ["backup", "verify", project.stackName], {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      stdio: "ignore",
    });
    const ended = once(child, "exit");
    const left = () => docker("ps", "--quiet", "--filter", `name=dating-server-${child.pid}-`);
    const pause = () => new Promise((later) => setTimeout(later, 100));
    while ((await left()) === "" && child.exitCode === null) await pause();
    expect(child.exitCode).toBeNull();
    child.kill("SIGKILL");
    await ended;
    while ((await left()) !== "") await pause();
  });

  test("reads with a role that cannot write", async () => {
    const refused = await inBackup(
      `import psycopg2
connection = psycopg2.connect(password=open("/run/secrets/backup_password").read())
connection.set_session(readonly=False)
try:
    connection.cursor().execute("DELETE FROM users")
except psycopg2.Error as error:
    print(error)`,
    );
    expect(refused).toContain("permission denied for table users");
  });

  test("on a full disk fails, says so, and leaves nothing that looks like an archive", async () => {
    const { backup: running } = await services(project.prefix);
    const name = `${project.prefix}-full`;
    const password = await docker("exec", running!.Id, "cat", "/run/secrets/backup_password");
    const environment = running!.Config.Env.filter((each) => /^(PG|BACKUP_)/.test(each));
    await docker(
      ...["run", "--detach", "--name", name, "--label", `dating.stack=${project.prefix}`],
      ...["--label", "dating.service=full", "--network", `${project.prefix}-internal`],
      ...["--tmpfs", "/backups:size=64k,uid=10003", "--user", "10003", "--entrypoint", "sh"],
      ...environment.flatMap((each) => ["--env", each]),
      ...["--env", "BACKUP_PASSWORD_FILE=/tmp/password", running!.Config.Image, "-c"],
      `echo ${password} >/tmp/password; exec python3 -m dating_backup serve`,
    );
    let log = "";
    for (let attempt = 0; attempt < 60 && !log.includes("the backup failed"); attempt++) {
      await new Promise((later) => setTimeout(later, 250));
      const { stdout, stderr } = project.attempt("docker", ["logs", name]);
      log = stdout + stderr;
    }
    expect(log).toContain("No space left on device");
    expect(await docker("exec", name, "ls", "-A", "/backups/scheduled")).toBe("");
    await expect(docker("exec", name, "ls", "/tmp/dating-backup-alive")).rejects.toThrow("No such file");
    await docker("rm", "--force", name);
  });

  test("makes up for a missed run, and does not wait for a time that a wrong clock has named", async () => {
    const script = `
from datetime import datetime, timedelta, timezone
from pathlib import Path
from dating_backup.archives import Archive
from dating_backup.schedule import Scheduler
from dating_backup.settings import Settings
now = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
scheduler = Scheduler(Settings("test", "15 3 * * *", 14, 30, Path("/none")), lambda: now)
made = lambda *hours: [Archive(Path(str(each)), now - timedelta(hours=each), 1) for each in hours]
for due in (scheduler.first([]), scheduler.first(made(30, 20)), scheduler.first(made(30, 2)),
            scheduler.first(made(2, -80000)), scheduler.next(now + timedelta(days=3650)), scheduler.next(now)):
    print(due.strftime("%Y-%m-%dT%H:%M"))`;
    expect((await inBackup(script)).split("\n")).toEqual([
      "2026-11-30T12:00",
      "2026-11-30T03:15",
      ...["2026-12-01T03:15", "2026-12-01T03:15", "2026-12-01T03:15"],
      "2026-11-30T12:00",
    ]);
  });

  test("keeps the newest, whatever their number and age", async () => {
    const script = `
from datetime import datetime, timedelta, timezone
from pathlib import Path
from dating_backup.archives import Archive, expired
now = datetime(2026, 11, 30, tzinfo=timezone.utc)
made = [Archive(Path(str(days)), now - timedelta(days=days), 1) for days in (50, 40, 20, 10, 2)]
names = lambda *args: [archive.path.name for archive in expired(*args, now)]
print(names(made, 14, 30), names(made, 2, 365), names(made, 1, 1), names(made[:1], 1, 1), names([], 1, 1))`;
    expect(await inBackup(script)).toBe("['50', '40'] ['50', '40', '20'] ['50', '40', '20', '10'] [] []");
  });
});

describe("a rollback", () => {
  const rollback = (...options: string[]) =>
    project.attempt("./dating", ["rollback", project.stackName, "--yes", ...options]);
  /** The time of the first deploy. */
  const first = () => {
    const deploys = project.run("./dating", ["rollback", project.stackName, "--list"]).trim().split("\n");
    return deploys.at(-1)!.split(" ")[0]!;
  };
  const bot = async () => {
    const { Config } = (await services(project.prefix)).bot!;
    return { image: Config.Image, threshold: Config.Env.find((each) => each.startsWith("NSFW_THRESHOLD=")) };
  };

  test("brings back images and settings of the last good release, shows the preview first, and keeps the rows", async () => {
    const before = { bot: await bot(), rows: await rowCounts(project) };
    await project.stack.setConfig("dating:nsfwThreshold", { value: "0.8" });
    appendFileSync(join(project.directory, "images/bot/Dockerfile"), "\n# another release\n");
    project.run("./dating", ["images", "build", "bot"]);
    await project.up();
    expect((await bot()).threshold).toBe("NSFW_THRESHOLD=0.8");
    expect((await bot()).image).not.toBe(before.bot.image);

    const { status, stdout } = rollback();
    expect(stdout).toContain("dating:nsfwThreshold: 0.8 → 0.7");
    expect(stdout).toMatch(/are both at 003_add_user_settings[^]*Previewing update[^]*Updating/);
    expect(stdout).toContain("still describes the release that was taken back");
    expect(status).toBe(0);
    expect({ bot: await bot(), rows: await rowCounts(project) }).toEqual(before);
    await requestUntilHealthy(url);
  });

  soakTest("after a release that failed brings back the last good one", async () => {
    const before = await bot();
    await project.configurePath("botEnvironment.SAMPLE_BOT_FAULT", "unhealthy");
    await expect(project.up()).rejects.toThrow("did not become healthy");
    const { status, stdout } = rollback();
    expect(stdout).toContain("dating:botEnvironment");
    expect(status).toBe(0);
    expect(await bot()).toEqual(before);
  });

  test("says how to go on where the database does not answer", async () => {
    await docker("stop", containerOf(project.prefix, "postgres"));
    const refused = rollback("--to", first());
    expect(refused.stderr).toMatch(/The database does not answer[^]*--keep-schema\nNothing was changed\./);
    expect(refused.status).toBe(1);
    const { status, stdout } = rollback("--to", first(), "--keep-schema", "--dry-run");
    expect(stdout).toMatch(/nobody knows its revision[^]*A dry run: nothing was changed\./);
    expect(status).toBe(0);
    await docker("start", containerOf(project.prefix, "postgres"));
    await requestUntilHealthy(url);
  });

  test("says where the schema does not fit, and changes nothing", async () => {
    const before = await bot();
    project.run("./dating", ["alembic", project.stackName, "downgrade", "-1"]);
    const { status, stderr } = rollback("--to", first());
    expect(stderr).toContain(`./dating alembic ${project.stackName} upgrade 003_add_user_settings`);
    expect(status).toBe(1);
    expect(await bot()).toEqual(before);
  });
});
