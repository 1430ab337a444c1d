import { knownRevisions } from "../../images/revisions";
import { readPart } from "./archives/archive";
import { readPlan, type Beside, type Plan } from "./exchange/plan";
import type { StackHooks } from "./hooks";
import { BackupError, differences, type DatabasePart, type Manifest } from "./archives/manifest";
import { countTables, psql, type Server } from "./psql";
import type { ArchiveStore } from "./archives/store";
import { createLike, oneAtATime, swapDatabase } from "./exchange/swap";
import type { Target } from "./target";

/** The server of a stack that runs. @throws BackupError where none does */
export function serverOf({ docker, database }: Target): Server {
  return { docker, container: database.container, superuser: database.superuser };
}

/**
 * Finds what would keep a database from being restored.
 *
 * @throws BackupError that says what; nothing was changed then
 */
export async function checkDatabase(target: Target, part: DatabasePart): Promise<void> {
  checkRevision("The archive", part.revision);
  const version = await psql(serverOf(target), "postgres", "SHOW server_version_num");
  if (Number(part.server.split(".")[0]) > Math.floor(Number(version) / 10_000)) {
    throw new BackupError(
      `The archive is of Postgres ${part.server}, newer than the stack's. Nothing was changed.`,
    );
  }
}

/** @throws BackupError where this checkout's migrations do not lead on from a revision; null is none at all */
export function checkRevision(what: string, revision: string | null): void {
  if (revision === null || knownRevisions().includes(revision)) return;
  throw new BackupError(
    `${what} is at revision ${revision}, which migrations/versions does not have: check out the release ` +
      "that has it. Nothing was changed.",
  );
}

/** The name on the server of a database's set: a staged one's, or that of one that is kept since a time. */
const nameOf = (current: string, set: string) =>
  set.startsWith("new-") ? `${current}_restore` : `${current}_before_${set}`;

/** What a server has beside a database: what was staged, as `part`, and what was replaced, by its time. */
export async function setsOf(server: Server, current: string): Promise<NonNullable<Beside["databases"]>> {
  const listed = await psql(
    server,
    "postgres",
    `${oneAtATime}
     SELECT CASE datname WHEN :'staged' THEN 'part' ELSE right(datname, 14) END, pg_database_size(oid),
            shobj_description(oid, 'pg_database') FROM pg_database
      WHERE datname = :'staged' OR (starts_with(datname, :'before') AND right(datname, -length(:'before')) ~ '^\\d{14}$')`,
    { staged: nameOf(current, "new-"), before: nameOf(current, "") },
  );
  return listed
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [name, bytes, ...about] = line.split("|") as [string, string, ...string[]];
      return { name, bytes: Number(bytes), plan: readPlan(about.join("|")) };
    });
}

/** Alembic's revision of the database that is kept since a time; null where Alembic never ran. */
export async function revisionOf(target: Target, id: string): Promise<string | null> {
  const revision = await psql(
    serverOf(target),
    nameOf(target.database.name, id),
    "SELECT 'SELECT version_num FROM alembic_version' WHERE to_regclass('alembic_version') IS NOT NULL \\gexec",
  );
  return revision || null;
}

/**
 * Restores a database beside the running one, compares all rows with the archive, and brings its schema up to the stack's.
 *
 * @throws where that fails; what was staged is to be dropped then
 */
export async function stageDatabase(
  target: Target,
  hooks: StackHooks,
  store: ArchiveStore,
  manifest: Manifest,
  part: DatabasePart,
): Promise<void> {
  const server = serverOf(target);
  const current = target.database.name;
  const fresh = nameOf(current, "new-");
  await createLike(server, current, fresh);
  await load(target, store, manifest, part, fresh);
  const wrong = differences(part.tables, await countTables(server, fresh));
  if (wrong.length > 0)
    throw new BackupError(`Restored, it is not what was dumped:\n  ${wrong.join("\n  ")}`);
  hooks.migrate(fresh);
  await psql(server, fresh, "ANALYZE");
}

/** Brings the schema of a database that is kept since a time up to the stack's. */
export function migrateKept(target: Target, hooks: StackHooks, id: string): void {
  hooks.migrate(nameOf(target.database.name, id));
}

/** Drops the database that was staged, where there is one. */
export async function dropStaged(target: Target): Promise<void> {
  await drop(target, nameOf(target.database.name, "new-"));
}

/** Drops the databases that are kept since some times, where they are there. */
export async function dropKept(target: Target, ids: readonly string[]): Promise<void> {
  for (const id of ids) await drop(target, nameOf(target.database.name, id));
}

async function drop(target: Target, name: string): Promise<void> {
  await psql(serverOf(target), "postgres", 'DROP DATABASE IF EXISTS :"name" WITH (FORCE)', { name });
}

/**
 * Lets the database and one that is beside it change places.
 *
 * @throws when it could not be done, or whoever did it did not answer any more
 */
export async function exchangeDatabase(target: Target, plan: Plan): Promise<void> {
  const server = serverOf({ ...target, docker: target.docker.undisturbed });
  const current = target.database.name;
  const names = { current, fresh: nameOf(current, plan.coming), kept: nameOf(current, plan.id) };
  const away = await swapDatabase(server, names, JSON.stringify(plan));
  console.error(`  swapped: the database took no connections for ${away.toFixed(2)} s`);
}

async function load(
  target: Target,
  store: ArchiveStore,
  manifest: Manifest,
  part: DatabasePart,
  fresh: string,
): Promise<void> {
  const server = serverOf(target);
  const owner = await psql(
    server,
    "postgres",
    "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'fresh'",
    { fresh },
  );
  const roles = (await psql(server, "postgres", "SELECT rolname FROM pg_roles")).split("\n");
  const foreign = part.roles.filter((role) => !roles.includes(role));
  const asIs = foreign.length === 0 && part.roles.includes(owner);
  if (!asIs) {
    console.error(
      `  everything is given to ${owner}, without the archive's grants${foreign.length > 0 ? `: there is no role ${foreign.join(", ")} here` : ""}`,
    );
  }
  const ownership = asIs ? [] : ["--no-owner", "--no-privileges", "--role", owner];
  await target.docker.text(
    [
      ...[
        "exec",
        "--interactive",
        "--user",
        "postgres",
        server.container,
        "pg_restore",
        "--exit-on-error",
        ...ownership,
      ],
      ...["--username", server.superuser, "--dbname", fresh],
    ],
    readPart(store, manifest.name, part, `restoring ${part.file}`),
  );
}
