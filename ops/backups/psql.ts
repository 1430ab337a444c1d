import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../images/content";
import type { DockerCli } from "./docker";
import type { Tables } from "./archives/manifest";

/** A Postgres server in a container, as its superuser over the local socket. */
export interface Server {
  docker: DockerCli;
  container: string;
  superuser: string;
}

/**
 * Runs statements, which stop at the first error, and returns the rows: a line each, columns separated by `|`.
 *
 * @param variables are put in with psql's own quoting: `:'name'` is a value, `:"name"` a name
 */
export function psql(
  { docker, container, superuser }: Server,
  database: string,
  statements: string,
  variables: Record<string, string> = {},
): Promise<string> {
  const set = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const quiet = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"];
  return docker.text(
    [
      "exec",
      "--interactive",
      "--user",
      "postgres",
      container,
      "psql",
      ...quiet,
      ...set,
      "--username",
      superuser,
      "--dbname",
      database,
    ],
    statements,
  );
}

/** Rows of each table and a digest of their content, as images/backup counts them. */
export async function countTables(server: Server, database: string): Promise<Tables> {
  const statements = readFileSync(join(projectRoot, "images/backup/dating_backup/tables.sql"), "utf8");
  const listed = await psql(
    server,
    database,
    `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres';
     SET extra_float_digits = 1; SET bytea_output = 'hex';
     ${statements} \\gexec`,
  );
  const rows = listed.split("\n").filter(Boolean);
  return Object.fromEntries(
    rows.map((row) => {
      const [name, count, digest] = row.split("|") as [string, string, string];
      return [name, { rows: Number(count), digest }];
    }),
  );
}
