import { databaseState } from "../../ops/adoption/original";
import { orderOf, reindexAll } from "../../ops/adoption/prepare";
import { imagesOf } from "../../ops/adoption/settings";
import { archiveDatabase } from "../../ops/backups/dump";
import { BackupError } from "../../ops/backups/archives/manifest";
import { openStore } from "../../ops/backups/archives/open";
import { psql } from "../../ops/backups/psql";
import { serverOf } from "../../ops/backups/restore-database";
import { readTarget, type Target } from "../../ops/backups/target";
import { runServer } from "../../ops/backups/throw-away";
import { DockerHost } from "../../ops/host/inspect";
import { endLeftServers, requireUnused } from "../../ops/host/volume-users";
import { pulumi } from "../../ops/pulumi";
import { postgresVersionIn, StackFile } from "../../ops/stack/file";
import { confirm } from "../../ops/stack/confirm";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, archivesToOwn, define, dryRun, quiet, yes, type CommonOptions } from "../command";

interface Options extends CommonOptions {
  backup: string;
}

/**
 * Brings an image of Postgres to a stack that orders texts otherwise than the one that runs. While nobody can reach the data, the
 * new image builds all indexes anew; then it is deployed.
 *
 * Until an index is touched, a failure starts the Postgres again that ran. From then on the former image must not run on the
 * data: the command, begun again, goes on.
 */
async function rebuildAndDeploy({ stack, resources }: Session, options: Options): Promise<void> {
  const target = readTarget(stack, resources);
  const image = imagesOf(stack, postgresVersionIn(new StackFile(stack))).postgres;
  const running = new DockerHost(target.docker.environment).running(target.prefix, "postgres")?.Id;
  // Whoever holds the lock knows that nobody else is at work.
  if (!options.dryRun) await endLeftServers(target.docker, target.volumes.postgres_data!);
  await requireUnused(target.docker, target.volumes.postgres_data!, ({ id }) => id === running);
  if (running) await requireFitting(target, image);
  console.log(
    [
      running
        ? `The database of stack ${stack} is dumped to ${options.backup}. Then its Postgres is stopped, and the site answers 503.`
        : `The Postgres of stack ${stack} does not run: as this command leaves it that was interrupted.`,
      `${image} builds all indexes anew, and is deployed.`,
    ].join("\n"),
  );
  if (options.dryRun) return console.log("A dry run: nothing was changed.");
  await confirm(stack, options.yes);
  if (running) await dump(target, options.backup);
  await rebuild(target, image, running);
  await startDeployed(target, image, running);
  // Without the policy pack: nobody is served, and a refusal here would keep it so. Each deploy after it has the pack again.
  pulumi(["up", "--stack", stack, "--yes", "--skip-preview"]);
}

/** @throws BackupError where the image cannot run on the data */
async function requireFitting(target: Target, image: string): Promise<void> {
  await orderOf(target.docker, image, await databaseState(serverOf(target), target.database.name));
}

async function dump({ stack, docker, database, images, reader }: Target, place: string): Promise<void> {
  const source = { docker, image: images.backup, database: database.name, ...reader };
  await archiveDatabase(openStore(place, stack), stack, source);
}

async function rebuild(
  { docker, volumes, database, stack }: Target,
  image: string,
  running: string | undefined,
): Promise<void> {
  let touched = false;
  if (running) await docker.text(["stop", running]);
  try {
    await runServer(docker, image, volumes.postgres_data!, database.superuser, async (server) => {
      const listed = await psql(
        server,
        "postgres",
        "SELECT datname FROM pg_database WHERE datallowconn ORDER BY oid",
      );
      for (const name of listed.split("\n")) {
        touched = true;
        console.log(`Building the indexes of ${name} anew`);
        await reindexAll(server, name);
      }
    });
  } catch (error) {
    if (touched || !running)
      throw new BackupError(
        `${(error as Error).message}\nThe site is away until this has succeeded: ./dating reindex ${stack}`,
      );
    await docker.text(["start", running]);
    throw new BackupError(
      `${(error as Error).message}\nNo index was touched, and the Postgres that ran was started again.`,
    );
  }
}

/** Where the image is deployed already, no deploy starts what was stopped here. Never two: they would share the data. */
async function startDeployed({ docker, prefix }: Target, image: string, before?: string): Promise<void> {
  const deployed = new DockerHost(docker.environment)
    .containers(`dating.stack=${prefix}`)
    .filter(({ Config }) => Config.Labels?.["dating.service"] === "postgres" && Config.Image === image);
  const chosen =
    deployed.find(({ Id }) => Id === before) ?? (deployed.length === 1 ? deployed[0] : undefined);
  if (chosen) await docker.text(["start", chosen.Id]);
}

async function reindex(stack: string, options: Options): Promise<void> {
  const session = new Session(stack);
  if (options.dryRun) return rebuildAndDeploy(session, options);
  await changing(session, () => rebuildAndDeploy(session, options));
}

export const command = define(
  "reindex",
  "Deploys a Postgres image that sorts text differently from the running one (another C library),\n" +
    "and rebuilds all indexes. The site answers 503 meanwhile.",
  ["reindex prod", "reindex prod --backup s3://safe/dating"],
)
  .argument("<stack>", "a deployed stack whose configuration names the new image")
  .addOption(archivesToOwn("--backup <place>", "where the database is dumped first"))
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(command, reindex);
