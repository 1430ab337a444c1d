import { checkArchive, readPart } from "./archives/archive";
import {
  BackupError,
  databaseOf,
  differences,
  volumesOf,
  type DatabasePart,
  type Manifest,
} from "./archives/manifest";
import { countTables, psql } from "./psql";
import type { ArchiveStore } from "./archives/store";
import type { Target } from "./target";
import { runThrowAway } from "./throw-away";
import { measure } from "./volume";

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
    const content = readPart(store, manifest.name, part, `reading ${part.file}`);
    const { entries } = await measure(target, content);
    if (entries !== part.entries) {
      throw new BackupError(`volume ${part.volume}: ${part.entries} files expected, ${entries} found`);
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
  await runThrowAway(docker, target.images.postgres, "postgres", async (server) => {
    const database = "verify";
    await psql(server, "postgres", `CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`);
    const restore = ["pg_restore", "--exit-on-error", "--no-owner", "--no-privileges"];
    await docker.text(
      [
        ...["exec", "--interactive", "--user", "postgres", server.container, ...restore],
        ...["--username", server.superuser, "--dbname", database],
      ],
      readPart(store, manifest.name, part, `restoring ${part.file}`),
    );
    const wrong = differences(part.tables, await countTables(server, database));
    if (wrong.length > 0)
      throw new BackupError(`Restored, it is not what was dumped:\n  ${wrong.join("\n  ")}`);
  });
}
