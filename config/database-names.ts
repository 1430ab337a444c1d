/** The roles that only read: of the backups, and of the metrics. Each exists in every stack's database, or may at any time. */
export const readers = { backups: "dating_backup", metrics: "monitoring" } as const;

/**
 * What the application's database and its role cannot be called. `postgres` is the superuser, whose rights would be taken
 * away for good; the templates are what each new database is made from; Postgres keeps `public` and `none` for itself.
 */
const reserved = ["postgres", "template0", "template1", "public", "none", ...Object.values(readers)];

/** Longest name in bytes, which Postgres cuts without a word (`NAMEDATALEN`, less one). */
const longestName = 63;
/** What is put behind the name at most: by a restore, which keeps the former database. A login's version is shorter. */
const longestEnd = "_before_20261231235959";

/** Longest name of the application's database, in characters. */
export const longestDatabaseName = longestName - longestEnd.length;

/** Whether Postgres or the stack itself has the name. */
export function isReserved(name: string): boolean {
  return reserved.includes(name) || name.startsWith("pg_");
}
