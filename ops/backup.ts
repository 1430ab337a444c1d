import { program } from "commander";

import { describe, findArchive, readPart, writeArchive } from "./backups/archive";
import { dumpDatabase } from "./backups/dump";
import { archiveName, format, type Manifest, type Part } from "./backups/manifest";
import { finish } from "./backups/report";
import { StackVolumeStore } from "./backups/stack-volume";
import { openStore } from "./backups/open";
import type { ArchiveStore } from "./backups/store";
import { readTarget, type Target } from "./backups/target";
import { verifyArchive } from "./backups/verify";
import { packVolume, realName } from "./backups/volume";

const place = "a folder, or s3://BUCKET/PREFIX";
const from = ["--from <place>", `${place} (default: what the stack's own service has made)`] as const;

interface CreateOptions {
  to: string;
  volume: string[];
  allVolumes?: true;
  database: boolean;
  stop?: true;
}

async function create(stack: string, options: CreateOptions): Promise<void> {
  const target = readTarget(stack);
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

async function list(stack: string, options: { from?: string }): Promise<void> {
  const store = source(stack, options.from);
  for (const name of await store.names()) console.log(describe(await store.manifest(name)));
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

program.name("ops/backup").description("Backups of a stack's database and volumes.");
program
  .command("create")
  .description("makes an archive of the database and, where asked, of volumes")
  .argument("<stack>")
  .option("--to <place>", place, "backups")
  .option("--volume <name...>", "volumes to pack, by their logical names", [])
  .option("--all-volumes", "pack every volume but the database's, which is dumped, and the backups' own")
  .option("--no-database", "without the database")
  .option(
    "--stop",
    "stop the services of every volume while it is packed, not only those with a database in it",
  )
  .action(create);
program
  .command("list")
  .description("lists archives, oldest first")
  .argument("<stack>")
  .option(...from)
  .action(list);
program
  .command("copy")
  .description("copies an archive, the newest where none is named, to another place")
  .argument("<stack>")
  .argument("[archive]")
  .option(...from)
  .requiredOption("--to <place>", place)
  .action(copy);
program
  .command("verify")
  .description(
    "restores an archive, the newest where none is named, into a server that is thrown away, and compares all rows",
  )
  .argument("<stack>")
  .argument("[archive]")
  .option(...from)
  .action(verify);

void finish(program.parseAsync());
