import { Readable } from "node:stream";

import { BackupError, databaseOf, volumesOf, type Manifest, type Part } from "./manifest";
import { Meter, metered, size } from "./progress";
import type { ArchiveStore, ArchiveWriter, WritableStore } from "./store";

/**
 * A part's content, which fails at its end where it is not what the manifest says.
 *
 * @param label shown with the progress
 */
export function readPart(store: ArchiveStore, name: string, part: Part, label: string): Readable {
  return Readable.from(checked(store, name, part, label), { objectMode: false });
}

async function* checked(store: ArchiveStore, name: string, part: Part, label: string) {
  const meter = new Meter(label, part.bytes);
  for await (const chunk of metered(await store.read(name, part.file), meter)) yield chunk as Buffer;
  if (meter.bytes !== part.bytes) {
    throw new BackupError(
      `${store.where}/${name}/${part.file} is damaged: ${meter.bytes} bytes instead of ${part.bytes}.`,
    );
  }
  if (meter.sha256() !== part.sha256) {
    throw new BackupError(`${store.where}/${name}/${part.file} is damaged: its SHA-256 is another one.`);
  }
  meter.finish();
}

/**
 * Reads an archive to its end, without using it.
 *
 * @throws BackupError where a part is missing, truncated or changed
 */
export async function checkArchive(store: ArchiveStore, manifest: Manifest): Promise<void> {
  for (const part of manifest.parts) {
    for await (const chunk of readPart(store, manifest.name, part, `checking ${part.file}`)) void chunk;
  }
}

/**
 * The archive with a name, or the newest.
 *
 * @throws BackupError when there is none, or it is none of ours
 */
export async function findArchive(store: ArchiveStore, name: string | undefined): Promise<Manifest> {
  const wanted = name ?? (await store.names()).at(-1);
  if (!wanted) throw new BackupError(`There is no archive in ${store.where}.`);
  return store.manifest(wanted);
}

/** Writes an archive whole or not at all. */
export async function writeArchive(
  store: WritableStore,
  name: string,
  fill: (writer: ArchiveWriter) => Promise<Manifest>,
): Promise<void> {
  const writer = await store.begin(name);
  try {
    await writer.commit(await fill(writer));
  } catch (error) {
    // Whatever is left then is told by the next run, and must not hide why this one failed.
    await writer.abort().catch(() => undefined);
    throw error;
  }
}

/** One line about an archive, for people. */
export function describe(manifest: Manifest): string {
  const database = databaseOf(manifest);
  const rows = Object.values(database?.tables ?? {}).reduce((sum, table) => sum + table.rows, 0);
  const parts = [
    ...(database
      ? [`database ${database.database} (${rows} rows, revision ${database.revision ?? "none"})`]
      : []),
    ...volumesOf(manifest).map(({ volume, entries }) => `volume ${volume} (${entries} files)`),
  ];
  const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
  return [manifest.name, `stack ${manifest.stack}`, size(bytes), parts.join(", ")].join("  ");
}
