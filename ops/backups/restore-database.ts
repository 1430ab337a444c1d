import { spawnSync } from "node:child_process";

import { guarded } from "../guarded";
import { knownRevisions } from "../../images/revisions";
import { readPart } from "./archive";
import { BackupError, differences, type DatabasePart, type Manifest } from "./manifest";
import { size } from "./progress";
import { countTables, psql, type Server } from "./psql";
import type { ArchiveStore } from "./store";
import { createLike, swapDatabase } from "./swap";
import type { Target } from "./target";

/** More than the database had on its server: indexes are built with temporary files. */
const spaceFactor = 1.3;

/**
 * Finds what would keep a database from being restored.
 *
 * @throws BackupError that says what; nothing was changed then
 */
export async function checkDatabase(target: Target, part: DatabasePart): Promise<void> {
  const server = serverOf(target);
  const { docker, database } = target;
  const revisions = knownRevisions();
  if (part.revision !== null && !revisions.includes(part.revision)) {
    throw new BackupError(
      `The archive is at revision ${part.revision}, which migrations/versions does not have: check out the release ` +
        "that has it. Nothing was changed.",
    );
  }
  const version = await psql(server, "postgres", "SHOW server_version_num");
  if (Number(part.server.split(".")[0]) > Math.floor(Number(version) / 10_000)) {
    throw new BackupError(
      `The archive is of Postgres ${part.server}, newer than the stack's. Nothing was changed.`,
    );
  }
  const disk = await docker.text(["exec", database.container, "sh", "-c", 'df -Pk "$PGDATA" | tail -n 1']);
  const free = Number(disk.split(/\s+/)[3]) * 1024;
  const needed = part.databaseBytes * spaceFactor;
  if (free < needed) {
    throw new BackupError(
      `Restoring takes about ${size(needed)} beside the present database, and ${size(free)} are free. Nothing was changed.`,
    );
  }
}

/**
 * Restores a database beside the running one, compares all rows with the archive, brings its schema up to the stack's,
 * and lets the two change places. The replaced one is kept.
 *
 * @returns the name under which the replaced database is kept
 */
export async function restoreDatabase(
  target: Target,
  store: ArchiveStore,
  manifest: Manifest,
  part: DatabasePart,
): Promise<string> {
  const server = serverOf(target);
  const current = target.database.name;
  const fresh = `${current}_restore`;
  const drop = () => psql(server, "postgres", 'DROP DATABASE IF EXISTS :"fresh" WITH (FORCE)', { fresh });
  await drop();
  try {
    await createLike(server, current, fresh);
    await load(target, store, manifest, part, fresh);
    const wrong = differences(part.tables, await countTables(server, fresh));
    if (wrong.length > 0)
      throw new BackupError(`Restored, it is not what was dumped:\n  ${wrong.join("\n  ")}`);
    migrate(target, fresh);
    await psql(server, fresh, "ANALYZE");
    return await exchange(server, current, fresh);
  } catch (error) {
    await drop();
    throw error;
  }
}

/**
 * Lets the database that the last restore replaced take its place again.
 *
 * @returns the name under which the restored one is kept
 * @throws BackupError when no restore has kept one
 */
export async function undoRestore(target: Target): Promise<string> {
  const server = serverOf(target);
  const current = target.database.name;
  const kept = await psql(
    server,
    "postgres",
    "SELECT datname FROM pg_database WHERE starts_with(datname, :'prefix') ORDER BY datname DESC LIMIT 1",
    { prefix: `${current}_before_` },
  );
  if (!kept) throw new BackupError(`Stack ${target.stack} keeps no database that a restore replaced.`);
  return exchange(server, current, kept);
}

export function serverOf({ docker, database }: Target): Server {
  return { docker, container: database.container, superuser: database.superuser };
}

async function exchange(server: Server, current: string, fresh: string): Promise<string> {
  const kept = `${current}_before_${new Date().toISOString().replace(/\D/g, "").slice(0, 14)}`;
  const away = await swapDatabase(server, { current, fresh, kept });
  console.error(`  swapped: the database took no connections for ${away.toFixed(2)} s`);
  return kept;
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

/** The stack's own migration, on the restored database: it does nothing where the schema is the stack's. */
function migrate({ migration, docker }: Target, database: string): void {
  const { status } = spawnSync(process.execPath, guarded("hooks/alembic.sh", "upgrade", "head"), {
    input: migration.password,
    env: { ...docker.environment, ...migration.environment, PGDATABASE: database },
    stdio: ["pipe", "inherit", "inherit"],
  });
  if (status !== 0) {
    throw new BackupError("The restored database could not be migrated. The present one was not touched.");
  }
}
