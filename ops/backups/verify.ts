import { randomBytes } from "node:crypto";

import { checkArchive, readPart } from "./archive";
import {
  BackupError,
  databaseOf,
  differences,
  volumesOf,
  type DatabasePart,
  type Manifest,
} from "./manifest";
import { countTables, psql, type Server } from "./psql";
import type { ArchiveStore } from "./store";
import type { Target } from "./target";
import { countEntries } from "./volume";

/**
 * Shows that an archive can be restored: its database is restored into a server of its own, without a network and
 * thrown away afterwards, and its rows are counted; its volumes are unpacked to nowhere.
 *
 * @throws BackupError that says what is missing
 */
export async function verifyArchive(target: Target, store: ArchiveStore, manifest: Manifest): Promise<void> {
  await checkArchive(store, manifest);
  const database = databaseOf(manifest);
  if (database) await verifyDatabase(target, store, manifest, database);
  for (const part of volumesOf(manifest)) {
    const found = await countEntries(target, readPart(store, manifest.name, part, `reading ${part.file}`));
    if (found !== part.entries) {
      throw new BackupError(`volume ${part.volume}: ${part.entries} files expected, ${found} found`);
    }
  }
}

async function verifyDatabase(
  target: Target,
  store: ArchiveStore,
  manifest: Manifest,
  part: DatabasePart,
): Promise<void> {
  const { docker } = target;
  const container = `${target.prefix}-verify-${process.pid}-${randomBytes(2).toString("hex")}`;
  try {
    const server = await startServer(target, container);
    const database = "verify";
    await psql(server, "postgres", `CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`);
    const restore = ["pg_restore", "--exit-on-error", "--no-owner", "--no-privileges"];
    await docker.text(
      ["exec", "--interactive", container, ...restore, "--username", server.superuser, "--dbname", database],
      readPart(store, manifest.name, part, `restoring ${part.file}`),
    );
    const wrong = differences(part.tables, await countTables(server, database));
    if (wrong.length > 0)
      throw new BackupError(`Restored, it is not what was dumped:\n  ${wrong.join("\n  ")}`);
  } finally {
    await docker.text(["rm", "--force", "--volumes", container]);
  }
}

/** A server with the stack's image. What it holds may be lost at any time, so it waits for no disk. */
async function startServer({ docker, images }: Target, container: string): Promise<Server> {
  const hasty = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"].flatMap((each) => [
    "-c",
    each,
  ]);
  await docker.text([
    ...["run", "--detach", "--name", container, "--network", "none", "--label", "dating.job=backup"],
    ...[
      "--memory",
      "512m",
      "--memory-swap",
      "512m",
      "--env",
      `POSTGRES_PASSWORD=${randomBytes(16).toString("hex")}`,
    ],
    ...[images.postgres, "postgres", ...hasty],
  ]);
  // Over TCP: while the image initialises, the server listens on the local socket only.
  const wait = `for i in $(seq 240); do pg_isready --quiet --host 127.0.0.1 && exit; sleep 0.25; done; exit 1`;
  await docker.text(["exec", container, "bash", "-c", wait]);
  return { docker, container, superuser: "postgres" };
}
