import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { writeArchive } from "../backups/archives/archive";
import { dumpDatabase } from "../backups/dump";
import { FolderStore } from "../backups/archives/folder";
import { look } from "../backups/exchange/look";
import { archiveName, BackupError, format, type Manifest } from "../backups/archives/manifest";
import { psql } from "../backups/psql";
import { serverOf } from "../backups/restore-database";
import { interruptible } from "../backups/signals";
import { lacking } from "../backups/space";
import type { ArchiveStore } from "../backups/archives/store";
import type { Target } from "../backups/target";
import { folderPrefix, removeLeft } from "./leftovers";
import { withReader, type Reader } from "./reader";
import { recover, restoreFiles, type Point } from "./recovery";
import { chooseServer, describeServer, listServers, serverId, type ServerBackups } from "./servers";

/** More than the server's files have: the log since then is beside them. */
const filesFactor = 1.2;

/** Which backups a point in time is to be found in. */
export interface Wanted {
  point: Point;
  /** The number of the server, where it is not the stack's own. */
  server?: string;
}

/**
 * Makes an archive of a stack's database as it was at a point in time, beside all that runs: the files are restored from the
 * repository, a server of the stack's own image goes through the log up to that time, and is dumped. The archive is gone when the
 * action ends.
 *
 * @param target the stack whose backups they are; nothing of it is changed
 * @throws BackupError that says why there is no way to that time
 * @throws Interrupted on a signal, with nothing left
 */
export async function withArchiveAt<T>(
  target: Target,
  wanted: Wanted,
  action: (store: ArchiveStore, manifest: Manifest) => Promise<T>,
): Promise<T> {
  for (const done of await removeLeft(target.docker, target.prefix)) console.error(`  ${done}`);
  const folder = await mkdtemp(join(tmpdir(), `${folderPrefix}${process.pid}-`));
  try {
    const store = new FolderStore(folder, target.stack);
    const manifest = await interruptible(
      (aborted) => make({ ...target, docker: target.docker.endedBy(aborted) }, wanted, store),
      "Nothing was changed.",
    );
    return await action(store, manifest);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function make(target: Target, wanted: Wanted, store: FolderStore): Promise<Manifest> {
  const own = await endSegment(target);
  return withReader(target, async (reader) => {
    const server = chooseServer(await listServers(reader), wanted.server, own);
    requireWithin(server, wanted.point);
    console.error(`  ${describeServer(server)}`);
    await requireRoom(target, server);
    await restoreFiles(reader, server.id, wanted.point);
    return dump(target, reader, server, store);
  });
}

async function requireRoom(target: Target, { bytes }: ServerBackups): Promise<void> {
  const { space } = await look(target);
  const few = lacking([{ volume: "postgres_data", bytes: bytes * filesFactor, inodes: 0 }], space);
  if (few.length > 0)
    throw new BackupError(`There is too little room: ${few.join("; ")}. Nothing was changed.`);
}

async function dump(
  target: Target,
  reader: Reader,
  server: ServerBackups,
  store: FolderStore,
): Promise<Manifest> {
  const { docker } = target;
  return recover(target, reader, server.id, async ({ network, user, password }) => {
    const begin = new Date();
    const name = archiveName(begin);
    const source = { docker, image: target.images.backup, host: "127.0.0.1", database: target.database.name };
    await writeArchive(store, name, async (writer) => {
      const part = await dumpDatabase({ ...source, network, user, password }, writer);
      return {
        ...{ format, version: 1, name, stack: target.stack },
        ...{ createdAt: begin.toISOString(), parts: [part] },
      };
    });
    return store.manifest(name);
  });
}

function requireWithin(server: ServerBackups, point: Point): void {
  if (point === "latest" || point >= server.from) return;
  throw new BackupError(
    `There is no base backup before ${point.toISOString()}: ${describeServer(server)}. Nothing was changed.`,
  );
}

/** Seconds that the newest piece of the log may take to be archived. */
const patience = 60;

/**
 * Lets the stack's server archive what it has written until now, so that a time of a minute ago is in the repository. What it
 * has not archived then is said, and may be what is missing.
 *
 * @returns the server's number; undefined where it does not answer
 */
async function endSegment(target: Target): Promise<string | undefined> {
  try {
    const id = await serverId(target);
    // Recovery ends with the first change that is later than the time, so there has to be one: it needs a number, and no table.
    const [, segment] = (
      await psql(
        serverOf(target),
        "postgres",
        `SELECT pg_current_xact_id();
         SELECT pg_walfile_name(pg_switch_wal())`,
      )
    ).split("\n");
    const archived = await psql(
      serverOf(target),
      "postgres",
      `SELECT set_config('dating.segment', :'segment', false);
       DO $$ BEGIN
         FOR second IN 1..${patience} LOOP
           PERFORM pg_stat_clear_snapshot();
           EXIT WHEN (SELECT last_archived_wal >= current_setting('dating.segment') FROM pg_stat_archiver);
           PERFORM pg_sleep(1);
         END LOOP;
       END $$;
       SELECT last_archived_wal >= current_setting('dating.segment') FROM pg_stat_archiver`,
      { segment: segment! },
    );
    if (!archived.endsWith("t"))
      console.error(
        `  what was written last is not archived within ${patience} s: ./dating logs ${target.stack} backup`,
      );
    return id;
  } catch (error) {
    console.error(
      `  The database does not answer, so what it has not archived is missing: ${(error as Error).message}`,
    );
    return undefined;
  }
}
