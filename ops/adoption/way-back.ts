import { spawnSync } from "node:child_process";

import { guarded } from "../guarded";
import { deployedResources } from "../deployment";
import type { DockerCli } from "../backups/docker";
import { BackupError } from "../backups/manifest";
import { psql, type Server } from "../backups/psql";
import { runServer } from "../backups/throw-away";
import { takeDown } from "../take-down";
import { databaseState, originalServer, type Original } from "./original";
import { quote, reindexAll } from "./prepare";

/**
 * Takes the stack down and starts the original again, on the same volumes, with all rows written since.
 *
 * @param revision what the original's release knows: later revisions are taken back
 */
export async function goBack(
  docker: DockerCli,
  stack: string,
  original: Original,
  revision: string,
): Promise<void> {
  const { databaseName, user, volumes } = original;
  const migration = deployedResources(stack).find(({ urn }) => urn.endsWith("::migrations-upgrade"));
  if (migration) downgrade(docker, migration.inputs, revision);
  takeDown(stack);

  // In the original's own image: its entry point gives the files to its own user again.
  await runServer(docker, original.database.image, volumes.postgres_data, undefined, async (server) => {
    await restoreSuperuser(server, original);
    const now = await databaseState(server, databaseName);
    if (now.revision !== revision) {
      throw new BackupError(`The database is at ${now.revision}, and the original knows ${revision} only.`);
    }
    // Which library built the indexes last is not known for sure, and a needless rebuild harms nothing.
    await reindexAll({ ...server, superuser: user }, databaseName);
  });
  const names = original.containers.map(({ name }) => name);
  await docker.text(["update", "--restart", "unless-stopped", ...names]);
  await docker.text(["start", original.database.name]);
  await ready(docker, originalServer(docker, original));
  await docker.text(["start", ...names]);
}

function downgrade(docker: DockerCli, inputs: Record<string, unknown>, revision: string): void {
  const { status } = spawnSync(process.execPath, guarded("hooks/alembic.sh", "downgrade", revision), {
    input: String(inputs.stdin),
    env: { ...docker.environment, ...(inputs.environment as Record<string, string>) },
    stdio: ["pipe", "inherit", "inherit"],
  });
  if (status !== 0)
    throw new BackupError(`The schema could not be taken back to ${revision}. Nothing was changed.`);
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

async function ready(docker: DockerCli, server: Server): Promise<void> {
  const wait = "for i in $(seq 240); do pg_isready -q -h 127.0.0.1 && exit; sleep 0.25; done; exit 1";
  await docker.text(["exec", server.container, "sh", "-c", wait]);
}
