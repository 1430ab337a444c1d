import { execFileSync } from "node:child_process";

import { program } from "commander";

import { cutOver } from "./adoption/cutover";
import {
  databaseState,
  findOriginal,
  originalServer,
  type DatabaseState,
  type Original,
} from "./adoption/original";
import { orderOf, ordersDiffer } from "./adoption/prepare";
import {
  imagesOf,
  postgresVersionOf,
  settingsOf,
  withTemporarySettings,
  writeSettings,
  type Settings,
} from "./adoption/settings";
import { goBack } from "./adoption/way-back";
import { findArchive } from "./backups/archive";
import { DockerCli } from "./backups/docker";
import { archiveDatabase } from "./backups/dump";
import { BackupError, databaseOf } from "./backups/manifest";
import { size } from "./backups/progress";
import { countTables, psql } from "./backups/psql";
import { confirm, finish } from "./backups/report";
import { openStore } from "./backups/open";
import { deployedResources } from "./deployment";
import { StackFile } from "./stack-file";

interface Options {
  project: string;
  backup: string;
  dryRun?: true;
  back?: true;
  finish?: true;
  yes?: true;
}

async function adopt(stack: string, options: Options): Promise<void> {
  const docker = dockerOf(stack);
  if (options.finish) return removeOriginal(docker, stack, options.project);
  const original = await findOriginal(docker, options.project);
  if (options.back) return back(docker, stack, original, options);
  if (isAdopted(stack, original)) {
    console.log(`Stack ${stack} runs on the volumes of ${original.project} already. Nothing was changed.`);
    return;
  }
  if (!original.database.running) {
    throw new BackupError(
      `${original.database.name} does not run: docker start it first. Nothing was changed.`,
    );
  }
  const state = await databaseState(originalServer(docker, original), original.databaseName);
  const postgres = postgresVersionOf(state.version);
  const image = imagesOf(stack, postgres).postgres;
  const reindex = ordersDiffer(state, await orderOf(docker, image, state));
  const settings = settingsOf(original, postgres);
  await tell(docker, stack, original, settings, state, reindex);
  preview(stack, settings);
  if (options.dryRun) return console.log("A dry run: nothing was changed.");
  if (!options.yes) await confirm(stack);

  await dump(docker, stack, original, options);
  writeSettings(stack, settings);
  const away = await cutOver(docker, stack, original, image, reindex);
  console.log(
    [
      `Adopted. The application was away for ${away.toFixed(1)} s.`,
      `  The containers of ${original.project} are stopped and kept. Nobody may start them beside the stack: remove docker-compose.yml`,
      "  and .env from the server, which nothing needs any more.",
      `  Way back, with all rows:  ops/adopt ${stack} --back`,
      `  When all is well:         ops/adopt ${stack} --finish`,
    ].join("\n"),
  );
}

/** What will happen, with what was found. */
async function tell(
  docker: DockerCli,
  stack: string,
  original: Original,
  settings: Settings,
  state: DatabaseState,
  reindex: boolean,
): Promise<void> {
  const server = originalServer(docker, original);
  const tables = Object.entries(await countTables(server, original.databaseName));
  const bytes = await psql(server, original.databaseName, "SELECT pg_database_size(current_database())");
  const lines = [
    `Compose project ${original.project}: ${original.containers.map(({ name }) => name).join(", ")}`,
    `Database ${original.databaseName}: ${size(Number(bytes))}, revision ${state.revision || "none"}`,
    ...tables.map(([name, { rows }]) => `  ${name.padEnd(28)} ${rows} rows`),
    `Stack ${stack} takes over:`,
    ...Object.entries(original.volumes).map(([name, real]) => `  volume ${real} as ${name}`),
    ...Object.keys(settings.secret).map((name) => `  dating:${name}, encrypted, not shown`),
    ...settings.plain
      .filter(([[key]]) => key !== "volumes")
      .map(([path, value]) => `  dating:${path.join(".")} ${value}`),
    `In the data: the superuser ${original.user} is called postgres from then on and logs in over the local socket only; a new role ` +
      `${original.databaseName} with the old password owns everything and is no superuser.`,
    reindex
      ? "The new image orders texts otherwise (another C library): all indexes are built anew."
      : "The new image orders texts alike: the indexes stay.",
    ...original.otherVolumes.map((name) => `Left alone: volume ${name}, which this stack has no service for`),
  ];
  console.log(lines.join("\n"));
}

/** Also shows wrong configuration before anything is touched. */
function preview(stack: string, settings: Settings): void {
  withTemporarySettings(stack, settings, (configFile, kept) => {
    kept.forEach((line) => console.log(line));
    execFileSync("pulumi", ["preview", "--stack", stack, "--config-file", configFile], { stdio: "inherit" });
  });
}

async function dump(docker: DockerCli, stack: string, original: Original, options: Options): Promise<void> {
  const { database, user, password, databaseName, project } = original;
  const source = { docker, image: imagesOf(stack).backup, user, password, database: databaseName };
  const on = { host: database.name, network: database.networks[0]! };
  await archiveDatabase(openStore(options.backup, project), project, { ...source, ...on });
}

async function back(docker: DockerCli, stack: string, original: Original, options: Options): Promise<void> {
  const manifest = await findArchive(openStore(options.backup, original.project), undefined);
  const revision = databaseOf(manifest)?.revision;
  if (!revision)
    throw new BackupError(`${manifest.name} does not tell the original's revision. Nothing was changed.`);
  console.log(
    `Stack ${stack} is taken down, the schema goes back to ${revision}, and ${original.project} is started on the same volumes.`,
  );
  if (!options.yes) await confirm(stack);
  await goBack(docker, stack, original, revision);
  console.log(`${original.project} runs again.`);
}

async function removeOriginal(docker: DockerCli, stack: string, project: string): Promise<void> {
  const original = await findOriginal(docker, project);
  if (!isAdopted(stack, original))
    throw new BackupError(`Stack ${stack} has not adopted ${project}. Nothing was changed.`);
  await docker.text(["rm", ...original.containers.map(({ name }) => name)]);
  const filter = ["network", "ls", "--quiet", "--filter", `label=com.docker.compose.project=${project}`];
  const networks = (await docker.text(filter)).split("\n").filter(Boolean);
  if (networks.length > 0) await docker.text(["network", "rm", ...networks]);
  console.log(`The containers and networks of ${project} are removed; its volumes are the stack's.`);
}

/** Whether the stack runs on the original's data. */
function isAdopted(stack: string, original: Original): boolean {
  const resources = deployedResources(stack);
  return (
    resources.some(({ type }) => type === "docker:index/container:Container") &&
    resources.some(({ inputs }) => inputs.name === original.volumes.postgres_data)
  );
}

/** The Docker host that the stack is to run on, which may not be deployed yet. */
function dockerOf(stack: string): DockerCli {
  const host = new StackFile(stack).get("dockerHost");
  return new DockerCli(typeof host === "string" ? { ...process.env, DOCKER_HOST: host } : process.env);
}

program
  .name("ops/adopt")
  .description(
    "Lets a stack take over the data and the settings of the original deployment by Docker Compose.",
  )
  .argument("<stack>", "a stack with a configuration file that is not deployed yet")
  .option("--project <name>", "the Compose project", "dating")
  .option(
    "--backup <place>",
    "where the database is dumped to before: a folder, or s3://BUCKET/PREFIX",
    "backups",
  )
  .option("--dry-run", "say what would be done, and change nothing")
  .option("--back", "take the stack down and start the original again, on the same data")
  .option("--finish", "remove the original's containers and networks")
  .option("--yes", "do not ask")
  .action((stack: string, options: Options) => finish(adopt(stack, options)));
void program.parseAsync();
