import { z } from "zod";

import { OperatorError } from "../../stack/errors";

/** What tells our archives from any other file called manifest.json. images/backup writes the same. */
export const format = "dating-mini-app backup";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const fileName = z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/);

const databasePart = z.object({
  kind: z.literal("database"),
  file: fileName,
  /** Size of the file. */
  bytes: z.int().min(0),
  sha256: digest,
  database: z.string(),
  /** Version of the server that was dumped. */
  server: z.string(),
  /** Size of the database on the server. */
  databaseBytes: z.int().min(0),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  /** Roles that own something in it or were granted something. */
  roles: z.array(z.string()),
  /** Alembic's revision of the schema; null where Alembic never ran. */
  revision: z.string().nullable(),
  /** Rows of each table, and a digest of their content. */
  tables: z.record(z.string(), z.object({ rows: z.int().min(0), digest: z.string() })),
});

const volumePart = z.object({
  kind: z.literal("volume"),
  file: fileName,
  bytes: z.int().min(0),
  sha256: digest,
  /** The volume's logical name. */
  volume: z.string(),
  /** Files, folders and links in it, its root included. */
  entries: z.int().min(1),
  /** The bytes that they take on the disk. Archives did not always tell. */
  unpackedBytes: z.int().min(0).optional(),
});

const manifestType = z.object({
  format: z.literal(format),
  version: z.literal(1, "is of a version that this checkout does not know: use a newer one"),
  name: z.string().regex(/^\d{8}T\d{6}Z$/),
  stack: z.string(),
  createdAt: z.iso.datetime(),
  parts: z.array(z.discriminatedUnion("kind", [databasePart, volumePart])).min(1),
});

/** What an archive holds, from where and when. */
export type Manifest = z.output<typeof manifestType>;
export type Part = Manifest["parts"][number];
export type DatabasePart = z.output<typeof databasePart>;
export type VolumePart = z.output<typeof volumePart>;
export type Tables = DatabasePart["tables"];

/** Something that the user can mend; printed without a stack trace. */
export class BackupError extends OperatorError {}

/**
 * Reads a manifest.
 *
 * @throws BackupError that says why it is none of ours
 */
export function parseManifest(text: string, where: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new BackupError(`${where} is damaged: its manifest is not JSON. Nothing was changed.`);
  }
  if ((content as { format?: unknown } | null)?.format !== format) {
    throw new BackupError(`${where} is not an archive of this project. Nothing was changed.`);
  }
  const result = manifestType.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new BackupError(
    `${where} has a manifest that cannot be used: ${issue?.path.join(".")} ${issue?.message}. Nothing was changed.`,
  );
}

/** The name of an archive that is begun now: sorted by name, archives are sorted by time. */
export function archiveName(now: Date): string {
  return `${now.toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`;
}

/** The database part of an archive, where it has one. */
export function databaseOf(manifest: Manifest): DatabasePart | undefined {
  return manifest.parts.find((part) => part.kind === "database");
}

/** The volume parts of an archive. */
export function volumesOf(manifest: Manifest): VolumePart[] {
  return manifest.parts.filter((part) => part.kind === "volume");
}

/** What differs between two countings of the same tables; nothing where they hold the same rows. */
export function differences(expected: Tables, found: Tables): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort().flatMap((table) => {
    const [before, after] = [expected[table], found[table]];
    if (!before) return [`${table}: is not in the archive's manifest`];
    if (!after) return [`${table}: is missing`];
    if (before.rows !== after.rows) return [`${table}: ${before.rows} rows expected, ${after.rows} found`];
    return before.digest === after.digest ? [] : [`${table}: other content in the same number of rows`];
  });
}
