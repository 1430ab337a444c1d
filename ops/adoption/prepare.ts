import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { DockerCli } from "../backups/docker";
import { BackupError, type Tables } from "../backups/archives/manifest";
import { countTables, psql, type Server } from "../backups/psql";
import { runServer, runThrowAway } from "../backups/throw-away";
import { databaseState, type DatabaseState, type Original } from "./original";

/** Who owns a server of a stack. */
export const superuser = "postgres";

/** Whether indexes that one library ordered are wrong, or may be, for another one. */
export function ordersDiffer(
  before: DatabaseState,
  after: Pick<DatabaseState, "order" | "collationVersion">,
): boolean {
  return before.order !== after.order || before.collationVersion !== after.collationVersion;
}

/**
 * How an image orders texts in the data's locale.
 *
 * @throws BackupError when the image does not fit the data
 */
export async function orderOf(
  docker: DockerCli,
  image: string,
  before: DatabaseState,
): Promise<DatabaseState> {
  return runThrowAway(docker, image, superuser, async (server) => {
    const major = (version: string) => Math.floor(Number(version) / 10_000);
    const version = await psql(server, "postgres", "SHOW server_version_num");
    if (major(version) !== major(before.version)) {
      throw new BackupError(
        `The data are of Postgres ${major(before.version)}, and ${image} is ${major(version)}. ` +
          "Take an image of the same major version. Nothing was changed.",
      );
    }
    await psql(
      server,
      "postgres",
      "CREATE DATABASE probe TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE :'collate' LC_CTYPE :'collate'",
      { collate: before.collate },
    ).catch((error: unknown) => {
      if (!/invalid .*locale name/i.test((error as Error).message)) throw error;
      throw new BackupError(
        `${image} does not know the locale ${before.collate} of the data. Nothing was changed.`,
      );
    });
    return databaseState(server, "probe");
  });
}

/**
 * Prepares the original's data for this project, in a server of the stack's image that nobody reaches: superuser,
 * owners, and indexes where the image orders texts otherwise. The image's entry point gives the files to its own user.
 *
 * @returns what is in the tables, now that nobody writes any more
 */
export async function prepareData(
  docker: DockerCli,
  image: string,
  original: Original,
  reindex: boolean,
): Promise<Tables> {
  const { user, password, databaseName, volumes } = original;
  return runServer(docker, image, volumes.postgres_data!, undefined, async (anonymous) => {
    const server = { ...anonymous, superuser };
    await nameSuperuser({ ...anonymous, superuser: user });
    await psql(
      server,
      databaseName,
      `SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1;
       SET password_encryption = 'scram-sha-256'; SET dating.password = ${quote(password)};
       ${readFileSync(join(__dirname, "take-over.sql"), "utf8")}`,
      { app: databaseName, database: databaseName },
    );
    if (reindex) await reindexAll(server, databaseName);
    return countTables(server, databaseName);
  });
}

/**
 * Builds all indexes of a database anew, and notes the version of the library that has ordered them. What Postgres refuses to
 * note is written by hand: that of a library after one that has no version, and the other way round.
 */
export async function reindexAll(server: Server, database: string): Promise<void> {
  await psql(
    server,
    database,
    `REINDEX DATABASE :"database";
     UPDATE pg_database SET datcollversion = pg_database_collation_actual_version(oid)
      WHERE datname = :'database' AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid);
     UPDATE pg_collation SET collversion = pg_collation_actual_version(oid)
      WHERE collversion IS DISTINCT FROM pg_collation_actual_version(oid);`,
    { database },
  );
}

/** Who renames the superuser. */
const helper = "dating_adoption";

/** A role cannot rename itself, so another superuser does it. */
async function nameSuperuser(original: Server): Promise<void> {
  const postgres = { ...original, superuser };
  if (!(await isSuperuser(postgres))) {
    await psql(
      original,
      "postgres",
      `SELECT 'CREATE ROLE ${helper} SUPERUSER LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${helper}') \\gexec`,
    );
    await psql({ ...original, superuser: helper }, "postgres", `ALTER ROLE :"name" RENAME TO ${superuser}`, {
      name: original.superuser,
    });
  }
  await dropHelper(postgres);
}

/** It is there where the renaming was interrupted, too. */
export async function dropHelper(server: Server): Promise<void> {
  await psql(server, "postgres", `DROP ROLE IF EXISTS ${helper}`);
}

/** Whether there is such a role, and it is a superuser. The server answers: it was asked for before. */
export async function isSuperuser(server: Server): Promise<boolean> {
  try {
    return (
      (await psql(server, "postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")) === "t"
    );
  } catch (error) {
    // psql's for a login that is refused; the words for it are in the server's language.
    if ((error as Error).message.includes("exit code 2")) return false;
    throw error;
  }
}

/** A text as an SQL literal. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
