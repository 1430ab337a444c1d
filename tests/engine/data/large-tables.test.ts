import { deployedApplication, sql } from "../support/application";
import { Load } from "../support/load";
import type { Project } from "../support/project";
import { writeRevision } from "../support/revisions";

jest.setTimeout(900_000);

const rows = 2_000_000;
let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await deployedApplication());
  await sql(
    project,
    `insert into interactions (user_id, target_id, interaction_type)
       select n, 2 + n % 1000, 'like' from generate_series(1, ${rows}) n`,
  );
});
afterAll(() => project?.discard());

const count = async (of: string) => Number(await sql(project, `select ${of} from interactions`));
const revision = () => sql(project, "select version_num from alembic_version");

/** Somebody who reads the table for as long as they are let. */
function startReading(): { end: () => Promise<void> } {
  const reading = sql(project, "begin; select count(*) from interactions; select pg_sleep(300)").catch(
    () => "ended",
  );
  const end = async () => {
    await sql(
      project,
      "select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'pg_sleep' and pid <> pg_backend_pid()",
    );
    await reading;
  };
  return { end };
}

async function untilMigrationWaits(): Promise<void> {
  const waiting = `select count(*) from pg_stat_activity
    where application_name = 'dating-migrations' and wait_event_type = 'Lock'`;
  const deadline = Date.now() + 120_000;
  while ((await sql(project, waiting)) === "0") expect(Date.now()).toBeLessThan(deadline);
}

test(`a column and an index reach a table of ${rows} rows without a lost request or row`, async () => {
  writeRevision(
    ...([project, "004_weight", "003_add_user_settings"] as const),
    "ALTER TABLE interactions ADD COLUMN weight int NOT NULL DEFAULT 1",
  );
  writeRevision(project, "005_index", "004_weight", {
    imports: "from online_index import create_index_online",
    python: 'create_index_online("interactions_newest", "interactions", "created_at", "weight")',
  });
  // As an interrupted run leaves it: there, kept up by every write, and used by no query.
  await sql(
    project,
    `create index interactions_newest on interactions (created_at);
     update pg_index set indisvalid = false where indexrelid = 'interactions_newest'::regclass`,
  );
  const before = await count("count(*)");
  const load = new Load(url);
  await project.up();
  const { failures, written } = await load.stop();

  expect(failures).toEqual([]);
  expect(written).toBeGreaterThan(100);
  expect(await count("count(*)")).toBe(before + written);
  expect(await count("sum(weight)")).toBe(before + written);
  const index = `select indisvalid, indnatts from pg_index where indexrelid = 'interactions_newest'::regclass`;
  expect(await sql(project, index)).toBe("t|2");
  expect(await revision()).toBe("005_index");
  expect((await project.preview()).steps).toEqual([]);
});

test("a table that somebody reads for long is waited for, and those who write to it meanwhile get through", async () => {
  writeRevision(
    project,
    "006_wait",
    "005_index",
    "ALTER TABLE interactions ADD COLUMN depth int NOT NULL DEFAULT 2",
  );
  const reader = startReading();
  const load = new Load(url);
  const deploy = project.up();
  await untilMigrationWaits();
  await new Promise((later) => setTimeout(later, 6000));
  await reader.end();
  expect((await deploy).text).toContain("a table is in use; next try in 2 s: ALTER TABLE interactions");
  expect((await load.stop()).failures).toEqual([]);
  expect(await revision()).toBe("006_wait");
});

test("a table that stays in use fails the migration, and nothing is changed", async () => {
  writeRevision(project, "007_note", "006_wait", "ALTER TABLE interactions ADD COLUMN note text");
  const reader = startReading();
  const { status, stdout, stderr } = project.attempt("env", [
    ...["LOCK_TIMEOUT=4", "./dating", "alembic", project.stackName, "upgrade", "head"],
  ]);
  expect(stdout + stderr).toMatch(/canceling statement due to lock timeout\nALTER TABLE interactions/);
  expect(status).toBe(1);
  expect(await revision()).toBe("006_wait");
  await reader.end();
});
