import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { localImage } from "../../../images/content";
import { rowCounts, sql } from "../support/application";
import { containerOf, docker, inspect, services } from "../support/docker";
import { request, requestUntil, requestUntilHealthy } from "../support/http";
import { Original, originalJwtSecret, originalPassword } from "../support/stores/original";
import { killTree } from "../support/processes";
import { freePort, Project } from "../support/project";

jest.setTimeout(600_000);

let project: Project;
let original: Original;
let url: string;
const printed: string[] = [];

beforeAll(async () => {
  project = await Project.create();
  const port = await freePort();
  url = `http://localhost:${port}`;
  await project.configure({ httpPort: String(port), localImages: "true" });
  original = await Original.start(project, port);
  await requestUntilHealthy(url);
  await request(`${url}/api/interactions`, { user_id: 1, target_id: 2, interaction_type: "like" });
  before = await Promise.all(tables.map((table) => original.sql(`${everything} ${table} t`)));
  // As `docker compose run` leaves it: started, it would be a second bot.
  await docker(
    ...["create", "--name", original.container("leftover"), "--restart", "always"],
    ...["--label", `com.docker.compose.project=${original.project}`, localImage("bot")],
  );
});
afterAll(() => {
  project?.discard();
  original?.discard();
});

const adopt = (...options: string[]) => call("start", ...options);

/** Calls one of `./dating adopt`'s commands. */
function call(command: "start" | "back" | "finish", ...options: string[]) {
  const words = ["adopt", command, project.stackName, "--project", original.project, ...options];
  const result = project.attempt("./dating", words);
  printed.push(result.stdout, result.stderr);
  return result;
}

const configuration = () => readFileSync(join(project.directory, `Pulumi.${project.stackName}.yaml`), "utf8");
const running = (service: string) =>
  inspect(original.container(service)).then(([found]) => found!.State.Status === "running");

/** Names of the running containers that have a volume. */
const usersOf = async (volume: string) =>
  (await docker("ps", "--filter", `volume=${volume}`, "--format", "{{.Names}}")).split("\n").filter(Boolean);

const tables = ["users", "profiles", "interactions"];
/** All rows of each table, before the original was stopped for the first time. */
let before: string[];

/** Every row of a table, as text, in an order that no library has a say in. */
const everything = "select string_agg(t::text, e'\\n' order by t::text collate \"C\") from";

test("a dry run says what would be done, and changes nothing", async () => {
  const before = { configuration: configuration(), container: (await inspect(original.container("db")))[0] };
  const { status, stdout } = adopt("--dry-run");
  expect(stdout).toContain("revision 002_create_discovery_tables");
  expect(stdout).toMatch(/public\.users +500 rows/);
  expect(stdout).toContain(`volume ${original.volume("postgres_data")} as postgres_data`);
  expect(stdout).toContain("all indexes are built anew");
  expect(stdout).toContain("A dry run: nothing was changed.");
  expect(status).toBe(0);
  expect({
    configuration: configuration(),
    container: (await inspect(original.container("db")))[0],
  }).toMatchObject(before);
});

test("an adoption killed while a server of its own has the data leaves that, and the original stopped", async () => {
  const volume = original.volume("postgres_data");
  const words = ["adopt", "start", project.stackName, "--project", original.project, "--yes"];
  const events = spawn(
    "docker",
    ["events", "--filter", "event=start", "--filter", `label=dating.server=${volume}`],
    { stdio: ["ignore", "pipe", "inherit"], env: process.env },
  );
  const adopting = spawn("./dating", words, {
    cwd: project.directory,
    env: { ...process.env, ...project.environment },
    stdio: "ignore",
  });
  const ended = once(adopting, "exit");
  await Promise.race([once(events.stdout, "data"), ended]);
  events.kill();
  killTree(adopting.pid!);
  expect(await ended).toEqual([null, "SIGKILL"]);

  expect(await usersOf(volume)).toEqual([expect.stringMatching(/^dating-server-/)]);
  expect(await running("db")).toBe(false);
  const { stdout, status } = adopt("--dry-run");
  expect(stdout).toMatch(/An interrupted command has left dating-server-[^]*goes on[^]*adopt back/);
  expect(status).toBe(0);
});

test("the next one goes on: no row is lost, the password and the sessions stay, and what was pending is applied", async () => {
  const volume = original.volume("postgres_data");
  const { status, stdout, stderr } = adopt("--yes");
  expect(stderr).not.toContain("Rows are missing");
  expect(stdout).toMatch(/The application was away for \d+\.\d s/);
  expect(status).toBe(0);
  process.stderr.write(`${/The application was away for .*/.exec(stdout)?.[0]}\n`);

  expect(stdout).toContain("Ending what an interrupted command has left: dating-server-");
  expect(await usersOf(volume)).toEqual([containerOf(project.prefix, "postgres")]);
  expect(await Promise.all(tables.map((table) => sql(project, `${everything} ${table} t`)))).toEqual(before);
  expect(await sql(project, "select version_num from alembic_version")).toBe("003_add_user_settings");
  await requestUntilHealthy(url);
  expect((await request(`${url}/api/interactions/count`)).body).toContain("1");

  const { bot, postgres } = await services(project.prefix);
  expect(bot!.Config.Env).toContain(`JWT_SECRET=${originalJwtSecret}`);
  expect(bot!.Config.Env).toContain("PHOTO_CDN_URL=https://cdn.example.com/photos");
  expect(await docker("exec", bot!.Id, "stat", "--format", "%s", "/app/photos/1.jpg")).toBe("50000");
  expect((postgres as unknown as { Mounts: { Name: string }[] }).Mounts.map(({ Name }) => Name)).toContain(
    original.volume("postgres_data"),
  );
  expect(configuration()).not.toContain(originalPassword);
  for (const service of ["db", "bot", "traefik"]) expect(await running(service)).toBe(false);
});

test("the adopted database is like a new one: roles, owners, and indexes in the order of its library", async () => {
  const roles = "select rolname, rolsuper from pg_roles where rolname not like 'pg\\_%' order by 1";
  expect(await sql(project, roles)).toBe("dating|f\ndating_backup|f\npostgres|t");
  expect(await sql(project, "select distinct tableowner from pg_tables where schemaname = 'public'")).toBe(
    "dating",
  );
  await sql(project, "create extension amcheck");
  await sql(
    project,
    `select bt_index_check(c.oid, true) from pg_class c join pg_index i on i.indexrelid = c.oid
       join pg_am a on a.oid = c.relam where a.amname = 'btree' and c.relnamespace = 'public'::regnamespace`,
  );
  await sql(project, "drop extension amcheck");
});

test("running it again changes nothing, and neither does a deploy", async () => {
  const ids = async () => Object.values(await services(project.prefix)).map(({ Id }) => Id);
  const before = await ids();
  const { status, stdout } = adopt("--yes");
  expect(stdout).toContain("already. Nothing was changed.");
  expect(status).toBe(0);
  expect((await project.up()).steps).toEqual([]);
  expect(await ids()).toEqual(before);
});

test("the dump made before adoption can be restored: into another stack than its own, and migrated on the way", async () => {
  const from = ["--from", project.backups, "--from-stack", original.project, "--yes"];
  await sql(project, "delete from users");
  const { status, stderr } = project.attempt("./dating", ["backup", "restore", project.stackName, ...from]);
  expect(stderr).toContain("Running upgrade 002_create_discovery_tables -> 003_add_user_settings");
  expect(status).toBe(0);
  expect((await rowCounts(project)).users).toBe(500);
  expect(await sql(project, "select version_num from alembic_version")).toBe("003_add_user_settings");
  expect((await requestUntil(`${url}/api/interactions/count`, 200)).body).toContain("1");
});

test("the way back leads to the original with all rows", async () => {
  await request(`${url}/api/interactions`, { user_id: 3, target_id: 4, interaction_type: "like" });
  const { status, stderr } = call("back", "--yes");
  expect(stderr).not.toContain("rror");
  expect(status).toBe(0);
  await requestUntilHealthy(url);
  expect((await request(`${url}/api/interactions/count`)).body).toContain("2");
  expect(await original.sql("select version_num from alembic_version")).toBe("002_create_discovery_tables");
  expect(await original.sql("select rolsuper from pg_roles where rolname = 'dating'")).toBe("t");
  const state = async (service: string) => {
    const [found] = await inspect(original.container(service));
    return [service, found!.State.Status, found!.HostConfig.RestartPolicy.Name];
  };
  expect(await Promise.all(["db", "bot", "traefik", "leftover"].map(state))).toEqual([
    ...["db", "bot", "traefik"].map((service) => [service, "running", "unless-stopped"]),
    ["leftover", "created", "always"],
  ]);
  expect(call("finish").stderr).toContain("has not adopted");
});

test("what a Grafana user has made is where it was", async () => {
  const query =
    "import sqlite3; print(sqlite3.connect('file:/g/grafana.db?mode=ro', uri=True).execute('SELECT title FROM dashboard').fetchall())";
  const found = await docker(
    ...["run", "--rm", "--user", "472", "--volume", `${original.volume("grafana_data")}:/g`],
    ...["--entrypoint", "python3", localImage("backup"), "-c", query],
  );
  expect(found).toBe("[('Made by hand',)]");
});

test("no password was printed or put on a command line", () => {
  const calls = project.dockerCalls().join("\n");
  for (const secret of [originalPassword, originalJwtSecret, "orig".repeat(9)]) {
    expect(printed.join("\n")).not.toContain(secret);
    expect(calls).not.toContain(secret);
  }
});
