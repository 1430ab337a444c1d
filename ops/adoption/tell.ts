import { projectName } from "../../config/project";
import type { DockerCli } from "../backups/docker";
import { size } from "../backups/archives/progress";
import { countTables, psql } from "../backups/psql";
import { originalServer, type DatabaseState, type Original } from "./original";
import type { Settings } from "./settings";

/** What was found of a deployment that is to be adopted. */
export interface Found {
  stack: string;
  original: Original;
  settings: Settings;
  state: DatabaseState;
  /** The stack's image of Postgres orders texts otherwise. */
  reindex: boolean;
}

/** What will happen, with what was found, for people. No secret is in it. */
export async function tell(
  docker: DockerCli,
  { stack, original, settings, state, reindex }: Found,
): Promise<string> {
  const server = originalServer(docker, original);
  const tables = Object.entries(await countTables(server, original.databaseName));
  const bytes = await psql(server, original.databaseName, "SELECT pg_database_size(current_database())");
  return [
    `Compose project ${original.project}: ${original.containers.map(({ name }) => name).join(", ")}`,
    `Database ${original.databaseName}: ${size(Number(bytes))}, revision ${state.revision || "none"}`,
    ...tables.map(([name, { rows }]) => `  ${name.padEnd(28)} ${rows} rows`),
    `Stack ${stack} takes over:`,
    ...Object.entries(original.volumes).map(([name, real]) => `  volume ${real} as ${name}`),
    ...Object.keys(settings.secret).map((name) => `  ${projectName}:${name}, encrypted, not shown`),
    ...settings.plain
      .filter(([[key]]) => key !== "volumes")
      .map(([path, value]) => `  ${projectName}:${path.join(".")} ${value}`),
    `In the data: the superuser ${original.user} is called postgres from then on and logs in over the local socket only; a new role ` +
      `${original.databaseName} with the old password owns everything and is no superuser.`,
    reindex
      ? "The new image orders texts otherwise (another C library): all indexes are built anew."
      : "The new image orders texts alike: the indexes stay.",
    ...original.otherVolumes.map((name) => `Left alone: volume ${name}, which this stack has no service for`),
  ].join("\n");
}
