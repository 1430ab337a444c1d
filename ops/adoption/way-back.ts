import { spawnSync } from "node:child_process";

import { keys } from "../../config/keys";
import { BackupError } from "../backups/archives/manifest";
import { psql, type Server } from "../backups/psql";
import { runServer } from "../backups/throw-away";
import { allResources } from "../stack/deployment";
import { guarded } from "../guarded";
import { endLeftServers, requireUnused } from "../host/volume-users";
import { clearKilled } from "../recovery/recover";
import { StackFile } from "../stack/file";
import { takeDown } from "../stack/take-down";
import { forgetNote, forgetPrepared, type Noted, type NotePlace } from "./note";
import { databaseState, findOriginal, originalServer, type Original } from "./original";
import { dropHelper, isSuperuser, quote, reindexAll, superuser } from "./prepare";
import { imagesOf } from "./settings";
import { startOriginal, stopOriginal } from "./stop-start";

/** Who goes back, and to what. */
export interface WayBack extends NotePlace {
  stack: string;
  original: Original;
  note: Noted;
}

/**
 * Takes the stack down and starts the original again, on the same volumes, with all rows written since. From wherever an
 * adoption, or another way back, was interrupted.
 *
 * @throws OperatorError where something else has the data: nothing is started beside it
 */
export async function goBack(way: WayBack): Promise<void> {
  const { docker, prefix, stack, original, note } = way;
  const volume = original.volumes.postgres_data!;
  await endLeftServers(docker, volume);
  await requireUnused(docker, volume, (user) => user.id === original.database.id || user.stack === prefix);
  // From here on the tables are not what they were: by whom the stack is taken down, or the original runs.
  await forgetPrepared(way);
  if (allResources(stack).length > 0) {
    // All that the stack has goes, so nobody is asked what of it no deploy knows.
    await clearKilled(
      { stack, environment: docker.environment },
      { force: false, mayRemove: () => Promise.resolve() },
    );
    takeDown(stack);
  }
  if (!(await hasItsData(way))) {
    await stopOriginal(docker, original);
    await giveBack(way);
  }
  // As it is by now.
  await startOriginal(docker, await findOriginal(docker, original.project), note);
  await forgetNote(way);
}

/** Whether the original's server runs, and on data that are its own. Somebody may have started it on those of the stack. */
async function hasItsData({ docker, original, note }: WayBack): Promise<boolean> {
  if (!original.database.running || note.prepared) return false;
  return isSuperuser(originalServer(docker, original));
}

/** In the original's own image: its entry point gives the files to its own user again. */
async function giveBack(way: WayBack): Promise<void> {
  const { docker, original, note } = way;
  const { databaseName, user, volumes } = original;
  await runServer(docker, original.database.image, volumes.postgres_data!, undefined, async (server) => {
    // Without its new name, nothing of the data was prepared.
    const prepared = user === superuser || (await isSuperuser(server));
    if (prepared) await restoreSuperuser(server, original);
    const asOriginal = { ...server, superuser: user };
    await dropHelper(asOriginal);
    // Which library built the indexes last is not known for sure, and a needless rebuild harms nothing.
    if (prepared && note.reindex) await reindexAll(asOriginal, databaseName);
    const { revision } = await databaseState(asOriginal, databaseName);
    if (revision !== note.revision) downgrade(way, server.container, revision);
  });
}

/** The role as which the original logs in is a superuser again, with its password. */
async function restoreSuperuser(server: Server, { user, password }: Original): Promise<void> {
  await psql(
    server,
    "postgres",
    `SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1;
     SELECT format('CREATE ROLE %I', :'user') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \\gexec
     ALTER ROLE :"user" LOGIN SUPERUSER PASSWORD ${quote(password)};`,
    { user },
  );
}

/** Takes later revisions back. @param server which has the data, and no network: Alembic gets into its own */
function downgrade(
  { docker, prefix, stack, original, note }: WayBack,
  server: string,
  present: string,
): void {
  if (!note.revision)
    throw new BackupError(
      `The database is at ${present}, and ${original.project} had no revision, so nothing leads back there.`,
    );
  const file = new StackFile(stack);
  const shape = keys.shape;
  const { status } = spawnSync(process.execPath, guarded("hooks/alembic.sh", "downgrade", note.revision), {
    input: original.password,
    env: {
      ...docker.environment,
      ...{ IMAGE: imagesOf(stack).migrations, NETWORK: `container:${server}`, NAME: `${prefix}-migrations` },
      ...{ PGHOST: "127.0.0.1", PGDATABASE: original.databaseName, PGUSER: original.user },
      VOLUME: file.entries("volumes").backup_data ?? `${prefix}_backup_data`,
      PRE_MIGRATION_KEEP: String(shape.preMigrationKeep.parse(file.get("preMigrationKeep"))),
      PRE_MIGRATION_KEEP_DAYS: String(shape.preMigrationKeepDays.parse(file.get("preMigrationKeepDays"))),
    },
    stdio: ["pipe", "inherit", "inherit"],
  });
  if (status !== 0)
    throw new BackupError(`The schema could not be taken back from ${present} to ${note.revision}.`);
}
