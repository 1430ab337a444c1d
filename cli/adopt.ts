import { Option } from "commander";

import { asksFirst } from "../config/stack-kind";
import { cutOver } from "../ops/adoption/cutover";
import {
  databaseState,
  findOriginal,
  originalServer,
  type DatabaseState,
  type Original,
} from "../ops/adoption/original";
import { orderOf, ordersDiffer } from "../ops/adoption/prepare";
import {
  imagesOf,
  postgresVersionOf,
  settingsOf,
  withTemporarySettings,
  writeSettings,
  type Settings,
} from "../ops/adoption/settings";
import { goBack } from "../ops/adoption/way-back";
import { findArchive } from "../ops/backups/archive";
import { DockerCli } from "../ops/backups/docker";
import { archiveDatabase } from "../ops/backups/dump";
import { BackupError, databaseOf } from "../ops/backups/manifest";
import { size } from "../ops/backups/progress";
import { countTables, psql } from "../ops/backups/psql";
import { openStore } from "../ops/backups/open";
import { deployedResources } from "../ops/deployment";
import { pulumi } from "../ops/pulumi";
import { StackFile } from "../ops/stack-file";
import { confirm } from "../ops/stack/confirm";
import { Session } from "../ops/stack/session";
import { changing } from "./change";
import { act, define, dryRun, fromCaller, quiet, yes as yesOption, type CommonOptions } from "./command";

interface Options extends CommonOptions {
  project: string;
  backup: string;
}

async function start(stack: string, options: Options): Promise<void> {
  // What is found is written into the stack's file: where it has none, nothing is asked.
  void new StackFile(stack);
  const session = new Session(stack);
  if (options.dryRun) return takeOver(session, options);
  await changing(session, () => takeOver(session, options));
}

async function takeOver({ stack, environment }: Session, options: Options): Promise<void> {
  const docker = new DockerCli(environment);
  const original = await findOriginal(docker, options.project);
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
  await confirm(stack, options.yes);

  await dump(docker, stack, original, options);
  writeSettings(stack, settings);
  const away = await cutOver(docker, stack, original, image, reindex);
  console.log(
    [
      `Adopted. The application was away for ${away.toFixed(1)} s.`,
      `  The containers of ${original.project} are stopped and kept. Nobody may start them beside the stack: remove docker-compose.yml`,
      "  and .env from the server, which nothing needs any more.",
      `  Way back, with all rows:  ./dating adopt back ${stack}`,
      `  When all is well:         ./dating adopt finish ${stack}`,
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
    pulumi(["preview", "--stack", stack, "--config-file", configFile, "--policy-pack", "policy"]);
  });
}

async function dump(docker: DockerCli, stack: string, original: Original, options: Options): Promise<void> {
  const { database, user, password, databaseName, project } = original;
  const source = { docker, image: imagesOf(stack).backup, user, password, database: databaseName };
  const on = { host: database.name, network: database.networks[0]! };
  await archiveDatabase(openStore(options.backup, project), project, { ...source, ...on });
}

async function back(stack: string, options: Options): Promise<void> {
  const session = new Session(stack);
  await changing(session, () => giveBack(session, options));
}

async function giveBack({ stack, environment }: Session, options: Options): Promise<void> {
  const docker = new DockerCli(environment);
  const original = await findOriginal(docker, options.project);
  const manifest = await findArchive(openStore(options.backup, original.project), undefined);
  const revision = databaseOf(manifest)?.revision;
  if (!revision)
    throw new BackupError(`${manifest.name} does not tell the original's revision. Nothing was changed.`);
  console.log(
    `Stack ${stack} is taken down, the schema goes back to ${revision}, and ${original.project} is started on the same volumes.`,
  );
  await confirm(stack, options.yes);
  await goBack(docker, stack, original, revision);
  console.log(`${original.project} runs again.`);
}

async function finish(stack: string, options: Options): Promise<void> {
  const session = new Session(stack);
  await changing(session, () => removeOriginal(session, options));
}

async function removeOriginal({ stack, environment }: Session, { project, yes }: Options): Promise<void> {
  const docker = new DockerCli(environment);
  const original = await findOriginal(docker, project);
  if (!isAdopted(stack, original))
    throw new BackupError(`Stack ${stack} has not adopted ${project}. Nothing was changed.`);
  if (asksFirst(stack)) {
    if (!yes) console.log(`The containers of ${project} are the only way back; they are removed.`);
    await confirm(stack, yes);
  }
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

const project = ["--project <name>", "the Compose project", "dating"] as const;
const dumped = (description: string) =>
  new Option("--backup <place>", description).argParser(fromCaller).default("backups");

export const command = define(
  "adopt",
  "Lets a stack take over the data and the settings of the original deployment by Docker Compose.",
);
const starter = define(
  "start",
  "Stops the original, deploys the stack on its volumes, and compares all rows.",
  ["adopt start prod --dry-run", "adopt start prod"],
)
  .argument("<stack>", "a stack with a configuration file that is not deployed yet")
  .option(...project)
  .addOption(dumped("where the database is dumped to before: a folder, or s3://BUCKET/PREFIX"))
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yesOption());
act(starter, start);
const returner = define("back", "Takes the stack down and starts the original again, on the same data.", [
  "adopt back prod",
])
  .argument("<stack>")
  .option(...project)
  .addOption(dumped("where the database was dumped to by adopt start"))
  .addOption(quiet())
  .addOption(yesOption());
act(returner, back);
const finisher = define(
  "finish",
  "Removes the original's containers and networks, and with them the way back.",
  ["adopt finish prod"],
)
  .argument("<stack>")
  .option(...project)
  .addOption(quiet())
  .addOption(yesOption());
act(finisher, finish);
for (const each of [starter, returner, finisher]) command.addCommand(each);
