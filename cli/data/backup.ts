import { Option } from "commander";

import { describe, findArchive, readPart, writeArchive } from "../../ops/backups/archives/archive";
import { dumpDatabase } from "../../ops/backups/dump";
import { archiveName, format, type Manifest, type Part } from "../../ops/backups/archives/manifest";
import { StackVolumeStore } from "../../ops/backups/archives/stack-volume";
import { openStore } from "../../ops/backups/archives/open";
import type { ArchiveStore } from "../../ops/backups/archives/store";
import { readTarget, realName, type Target } from "../../ops/backups/target";
import { verifyArchive } from "../../ops/backups/verify";
import { packVolume } from "../../ops/backups/volume";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import {
  act,
  archivesTo,
  archivesToOwn,
  define,
  fromCaller,
  json,
  printJson,
  quiet,
  type CommonOptions,
} from "../command";
import { restorer, tellLeft, undoer } from "./restore";

const place = "a folder, or s3://BUCKET/PREFIX";
const from = () =>
  new Option("--from <place>", `${place} (default: what the stack's own service has made)`).argParser(
    fromCaller,
  );

interface CreateOptions extends CommonOptions {
  to: string;
  volume: string[];
  allVolumes?: true;
  database: boolean;
  stop?: true;
}

async function create(stack: string, options: CreateOptions): Promise<void> {
  const session = new Session(stack);
  // Without a stop nothing of the stack changes, and a backup goes on beside a deploy.
  if (options.stop) await changing(session, () => pack(session, options));
  else await pack(session, options);
}

async function pack({ stack, resources }: Session, options: CreateOptions): Promise<void> {
  const target = readTarget(stack, resources);
  const everything = Object.keys(target.volumes).filter(
    (name) => !["postgres_data", "backup_data"].includes(name),
  );
  const volumes = options.allVolumes ? everything : options.volume;
  volumes.forEach((volume) => realName(target, volume));
  const store = openStore(options.to, stack);
  const begin = new Date();
  const name = archiveName(begin);
  console.log(`${store.where}/${name}`);
  await writeArchive(store, name, async (writer) => {
    const parts: Part[] = [];
    if (options.database) {
      const { docker, database, images, reader } = target;
      parts.push(
        await dumpDatabase({ docker, image: images.backup, database: database.name, ...reader }, writer),
      );
    }
    for (const volume of volumes) parts.push(await packVolume(target, volume, writer, options.stop ?? false));
    return { format, version: 1, name, stack, createdAt: begin.toISOString(), parts };
  });
  report("Made", await store.manifest(name));
}

async function list(stack: string, options: { from?: string; json?: true }): Promise<void> {
  const target = options.from ? undefined : readTarget(stack);
  const store = source(stack, options.from, target);
  const manifests: Manifest[] = [];
  for (const name of await store.names()) {
    const manifest = await store.manifest(name);
    if (options.json) manifests.push(manifest);
    else console.log(describe(manifest));
  }
  if (options.json) printJson(manifests);
  if (target) await tellLeft(target);
}

async function copy(
  stack: string,
  name: string | undefined,
  options: { from?: string; to: string },
): Promise<void> {
  const store = source(stack, options.from);
  const destination = openStore(options.to, stack);
  const manifest = await findArchive(store, name);
  if ((await destination.names()).includes(manifest.name)) {
    console.log(`${destination.where}/${manifest.name} is there already`);
    return;
  }
  await writeArchive(destination, manifest.name, async (writer) => {
    for (const part of manifest.parts) {
      await writer.write(part.file, readPart(store, manifest.name, part, `copying ${part.file}`));
    }
    return manifest;
  });
  report(`Copied to ${destination.where}:`, manifest);
}

async function verify(stack: string, name: string | undefined, options: { from?: string }): Promise<void> {
  const target = readTarget(stack);
  const store = source(stack, options.from, target);
  const manifest = await findArchive(store, name);
  await verifyArchive(target, store, manifest);
  report("Restored and compared, all rows are there:", manifest);
}

function source(stack: string, location: string | undefined, target?: Target): ArchiveStore {
  return location ? openStore(location, stack) : new StackVolumeStore(target ?? readTarget(stack));
}

function report(what: string, manifest: Manifest): void {
  console.log(`${what} ${describe(manifest)}`);
}

export const command = define("backup", "Backups of a stack's database and volumes.");
const creator = define("create", "Makes an archive of the database, and of the volumes that you name.", [
  "backup create prod",
  "backup create prod --all-volumes --to s3://safe/dating",
])
  .argument("<stack>")
  .addOption(archivesToOwn("--to <place>", "where the archive goes"))
  .option("--volume <name...>", "also these volumes, by their logical names, such as photo_storage", [])
  .option(
    "--all-volumes",
    "also all volumes, except the database's (it is dumped instead) and the one that holds backups",
  )
  .option("--no-database", "leave the database out")
  .option(
    "--stop",
    "stop the services that use a volume while it is packed, even if it holds no database files",
  )
  .addOption(quiet());
act(creator, create);
const lister = define(
  "list",
  "Lists archives, oldest first, and the data that restores have kept or left behind.",
  ["backup list prod", "backup list prod --from s3://safe/dating --json"],
)
  .argument("<stack>")
  .addOption(from())
  .addOption(json());
act(lister, list);
const copier = define("copy", "Copies an archive to another place. Default: the newest archive.", [
  "backup copy prod --to s3://safe/dating",
])
  .argument("<stack>")
  .argument("[archive]")
  .addOption(from())
  .addOption(archivesTo("--to <place>", "where the archive goes").makeOptionMandatory());
act(copier, copy);
const verifier = define(
  "verify",
  "Restores an archive into a temporary database server and compares all rows. Default: the newest archive.",
  ["backup verify prod", "backup verify prod --from s3://safe/dating"],
)
  .argument("<stack>")
  .argument("[archive]")
  .addOption(from());
act(verifier, verify);
for (const each of [creator, lister, copier, verifier, restorer, undoer]) command.addCommand(each);
