import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { localImage } from "../../../images/content";
import { deployedApplication, rowCounts, sql } from "../support/application";
import { containerOf, docker, services } from "../support/docker";
import { request, requestUntilHealthy } from "../support/http";
import type { Project } from "../support/project";
import { describeSoak, soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await deployedApplication());
  await sql(
    project,
    `insert into users (tg_id, username, first_name) select n, 'user' || n, 'Zoë ' || n from generate_series(1, 3000) n`,
  );
});
afterAll(() => project?.discard());

/** The stack's own Postgres, which says that its C library is an older one. */
async function imageOfAnEarlierLibrary(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "dating-image-"));
  const tag = `dating-test/postgres-earlier:${project.stackName}`;
  const own = (await services(project.prefix)).postgres!.Config.Image;
  try {
    writeFileSync(join(folder, "getconf"), "#!/bin/sh\necho glibc 2.31\n", { mode: 0o755 });
    writeFileSync(join(folder, "Dockerfile"), `FROM ${own}\nCOPY getconf /usr/local/bin/getconf\n`);
    execFileSync("docker", ["build", "--quiet", "--tag", tag, folder], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  return tag;
}

const refusal = () =>
  project.up().then(
    () => "the deploy succeeded",
    (error: unknown) => String(error),
  );
const running = async () => (await services(project.prefix)).postgres!.Id;
const remove = (key: string) =>
  project.run("pulumi", ["config", "rm", "--stack", project.stackName, "--path", `dating:${key}`]);

/** What is wrong is said before anything is touched, and everybody is served on. */
async function expectRefused(pattern: RegExp): Promise<void> {
  const before = await running();
  const shown = await project.preview().then(
    () => "the preview succeeded",
    (error: unknown) => String(error),
  );
  expect(shown).toMatch(pattern);
  expect(await refusal()).toMatch(pattern);
  expect(await running()).toBe(before);
  expect((await request(`${url}/health`)).status).toBe(200);
}

test("the server is set up for the memory that it has, and its data have checksums", async () => {
  const show = async (name: string) => sql(project, `SHOW ${name}`);
  expect(await show("shared_buffers")).toBe("128MB");
  expect(await show("effective_cache_size")).toBe("384MB");
  expect(await show("data_checksums")).toBe("on");
  const shared = await docker("exec", containerOf(project.prefix, "postgres"), "df", "-Pm", "/dev/shm");
  expect(shared).toMatch(/\s512\s/);
});

test("a query's parallel workers may share more than Docker's 64 MiB", async () => {
  const rows = await sql(
    project,
    `CREATE UNLOGGED TABLE shared_rows AS SELECT n, repeat('x', 40) AS text FROM generate_series(1, 1500000) n; ANALYZE shared_rows;
     SET work_mem = '128MB'; SET max_parallel_workers_per_gather = 2; SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0;
     SET parallel_tuple_cost = 0; SET enable_mergejoin = off;
     SELECT count(*), max(a.text) FROM shared_rows a JOIN shared_rows b USING (n, text)`,
  );
  expect(rows).toContain(`1500000|${"x".repeat(40)}`);
  await sql(project, "DROP TABLE shared_rows");
});

test("settings and extensions of one's own are the server's after a deploy, and nothing is left to do", async () => {
  await project.configurePath("postgresSettings.max_connections", "150");
  await project.configurePath("postgresSettings.shared_preload_libraries", "pg_stat_statements");
  await project.configurePath("databaseExtensions[0]", "pg_stat_statements");
  await project.up();
  await requestUntilHealthy(url);
  expect(await sql(project, "SHOW max_connections")).toBe("150");
  expect(Number(await sql(project, "SELECT count(*) FROM pg_stat_statements"))).toBeGreaterThan(0);
  expect((await project.up({ refresh: true })).steps).toEqual([]);
});

soakTest("an extension that only the superuser can make comes back with a restore", async () => {
  const before = await rowCounts(project);
  expect(project.attempt("./dating", ["backup", "create", project.stackName]).status).toBe(0);
  await sql(project, "delete from users");
  project.run("./dating", ["backup", "restore", project.stackName, "--from", project.backups, "--yes"]);
  expect(await rowCounts(project)).toEqual(before);
  expect(await sql(project, "SELECT extname FROM pg_extension WHERE extname = 'pg_stat_statements'")).toBe(
    "pg_stat_statements",
  );
});

test("what the image's server does not know is refused before anything is touched", async () => {
  await project.configurePath("postgresSettings.max_conections", "200");
  await project.configurePath("postgresSettings.work_mem", "1kB");
  await project.configurePath("databaseExtensions[1]", "postgis");
  await expectRefused(
    /postgresSettings\.max_conections: unrecognized .*pulumi config rm [\s\S]*work_mem: 1 kB is outside the valid range/,
  );
  expect(await refusal()).toContain("dating:databaseExtensions names postgis, which it does not have");
  for (const key of ["postgresSettings.max_conections", "postgresSettings.work_mem", "databaseExtensions[1]"])
    remove(key);
  expect((await project.up()).steps).toEqual([]);
});

test("an image of another major version is refused before anything is touched", async () => {
  await project.configurePath("images.postgres", localImage("postgres-15"));
  await expectRefused(
    /holds data of Postgres 17, which \S+ \(Postgres 15\) cannot read; nothing was changed\.\s+Stay with Postgres 17: pulumi config set/,
  );
  remove("images.postgres");
});

describeSoak("an image whose library orders texts otherwise", () => {
  const node = () => sql(project, "SELECT relfilenode FROM pg_class WHERE relname = 'users_pkey'");
  let earlier: string;
  let index: string;
  let rows: Record<string, number>;

  beforeAll(async () => {
    earlier = await imageOfAnEarlierLibrary();
    // As though the data had been made long ago.
    await project.configurePath("images.postgres", earlier);
    project.run("./dating", ["reindex", project.stackName, "--yes"]);
    await sql(project, "UPDATE pg_database SET datcollversion = '2.31'");
    [index, rows] = [await node(), await rowCounts(project)];
    remove("images.postgres");
  });
  afterAll(() => {
    if (earlier) execFileSync("docker", ["image", "rm", "--force", earlier], { stdio: "ignore" });
  });

  test("is refused before anything is touched, with the command that does it", async () => {
    await expectRefused(/may order texts otherwise .*glibc 2\.31 built them[\s\S]*\.\/dating reindex test-/);
  });

  test("is not deployed by a command that was not confirmed", async () => {
    const before = await running();
    const { status, stderr } = project.attempt("./dating", ["reindex", project.stackName], "no\n");
    expect({ status, stderr }).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("Nothing was changed."),
    });
    expect(await running()).toBe(before);
  });

  test("builds all indexes anew and is deployed by that command", async () => {
    project.run("./dating", ["reindex", project.stackName, "--yes"]);
    await requestUntilHealthy(url);
    expect(await node()).not.toBe(index);
    expect(await rowCounts(project)).toEqual(rows);
    expect(
      await sql(
        project,
        `SELECT count(*) FROM pg_database WHERE datallowconn
           AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)`,
      ),
    ).toBe("0");
    expect((await project.up()).steps).toEqual([]);
  });

  test("is refused by the deploy itself where nothing runs that could be asked", async () => {
    await sql(project, "UPDATE pg_database SET datcollversion = '2.31' WHERE datname = 'dating'");
    const { Id } = (await services(project.prefix)).postgres!;
    await docker("rm", "--force", Id);
    const { text } = await project.up({ refresh: true }).catch((error: unknown) => ({ text: String(error) }));
    expect(text).toContain("The indexes of the database dating are ordered by version 2.31");
    project.run("./dating", ["reindex", project.stackName, "--yes"]);
    await requestUntilHealthy(url);
    expect(await rowCounts(project)).toEqual(rows);
  });
});
