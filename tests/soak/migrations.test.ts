import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, sql } from "../engine/support/application";
import { requestUntil } from "../engine/support/http";
import { Load } from "../engine/support/load";
import type { Project } from "../engine/support/project";

jest.setTimeout(900_000);

const rows = 2_000_000;
let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
  await requestUntil(`${url}/health`, 200);
  await sql(
    project,
    `insert into interactions (user_id, target_id, interaction_type)
       select n, 2 + n % 1000, 'like' from generate_series(1, ${rows}) n`,
  );
});
afterAll(() => project?.discard());

function write(name: string, down: string, imports: string, upgrade: string): void {
  writeFileSync(
    join(project.directory, "migrations/versions", `${name}.py`),
    `${imports}
revision = "${name}"
down_revision = "${down}"
branch_labels = depends_on = None
def upgrade():
    ${upgrade}
def downgrade():
    pass
`,
  );
}

const index = () =>
  sql(
    project,
    "select indisvalid, indnatts from pg_index where indexrelid = to_regclass('interactions_newest')",
  );

test(`a column and an index reach a table of ${rows} rows without a lost request or row`, async () => {
  write(
    ...(["004_column", "003_add_user_settings", "from alembic import op"] as const),
    'op.execute("ALTER TABLE interactions ADD COLUMN weight int NOT NULL DEFAULT 1")',
  );
  write(
    ...(["005_index", "004_column", "from online_index import create_index_online"] as const),
    'create_index_online("interactions_newest", "interactions", "created_at", "weight")',
  );
  // As an interrupted run leaves it: there, kept up by every write, and used by no query.
  await sql(
    project,
    `create index interactions_newest on interactions (created_at);
     update pg_index set indisvalid = false where indexrelid = 'interactions_newest'::regclass`,
  );
  const load = new Load(url);
  const begin = Date.now();
  await project.up();
  const seconds = (Date.now() - begin) / 1000;
  const { sent, failures, written, longestGap } = await load.stop();
  process.stdout.write(
    `migrated ${rows} rows in a deploy of ${seconds} s: ${failures.length} of ${sent} requests failed, ` +
      `${written} rows written, longest gap ${longestGap} s\n`,
  );
  expect(failures).toEqual([]);
  expect(written).toBeGreaterThan(100);
  expect(await sql(project, "select count(*), sum(weight) from interactions")).toBe(
    `${rows + written}|${rows + written}`,
  );
  expect(await index()).toBe("t|2");
  expect(await sql(project, "select version_num from alembic_version")).toBe("005_index");
  expect((await project.preview()).steps).toEqual([]);
});
