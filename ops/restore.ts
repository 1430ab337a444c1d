import { execFileSync } from "node:child_process";

import { program } from "commander";

import { projectRoot } from "../images/content";
import { checkArchive, describe, findArchive, readPart } from "./backups/archive";
import { BackupError, databaseOf, volumesOf, type Manifest } from "./backups/manifest";
import { confirm, finish } from "./backups/report";
import { checkDatabase, restoreDatabase, undoRestore } from "./backups/restore-database";
import { StackVolumeStore } from "./backups/stack-volume";
import { openStore } from "./backups/open";
import { readTarget, type Target } from "./backups/target";
import { realName, unpackVolume } from "./backups/volume";

interface Options {
  from?: string;
  fromStack?: string;
  only?: string[];
  undo?: true;
  yes?: true;
}

async function restore(stack: string, name: string | undefined, options: Options): Promise<void> {
  const target = readTarget(stack);
  if (options.undo) return undo(target);
  const origin = options.fromStack ?? stack;
  const store = options.from
    ? openStore(options.from, origin)
    : new StackVolumeStore(origin === stack ? target : readTarget(origin));
  const manifest = await findArchive(store, name);
  if (manifest.stack !== origin) {
    throw new BackupError(
      `${store.where}/${manifest.name} is of stack ${manifest.stack}. To restore it into ${stack} all the same: ` +
        `--from-stack ${manifest.stack}. Nothing was changed.`,
    );
  }
  const chosen = choose(manifest, options.only);
  const database = databaseOf(chosen);
  const volumes = volumesOf(chosen);

  // Everything that can be wrong is found before anything is touched.
  volumes.forEach(({ volume }) => realName(target, volume));
  if (database) await checkDatabase(target, database);
  await checkArchive(store, chosen);

  console.log(`To be restored into stack ${stack}: ${describe(chosen)}`);
  if (!options.yes) await confirm(stack);
  for (const part of volumes) {
    await unpackVolume(target, part.volume, readPart(store, chosen.name, part, `restoring ${part.file}`));
  }
  if (volumes.some(({ volume }) => volume === "postgres_data")) provisionRoles(target);
  if (database) keptNote(target, await restoreDatabase(target, store, chosen, database));
  console.log(`Restored ${chosen.name}.`);
}

/** The files of a database bring the passwords of their time along. */
function provisionRoles({ docker, roles }: Target): void {
  for (const { create, stdin, environment } of roles) {
    execFileSync("bash", ["-c", create], {
      cwd: projectRoot,
      input: stdin,
      env: { ...docker.environment, ...environment },
      stdio: ["pipe", "inherit", "inherit"],
    });
  }
}

async function undo(target: Target): Promise<void> {
  keptNote(target, await undoRestore(target));
}

function keptNote({ database, stack }: Target, kept: string): void {
  console.log(
    [
      `The database that was there is kept as ${kept}, with all that was written until now.`,
      `  back to it:  ops/restore ${stack} --undo`,
      `  delete it:   docker exec ${database.container} dropdb --username ${database.superuser} ${kept}`,
    ].join("\n"),
  );
}

/** The parts that are asked for: all, or some by name. */
function choose(manifest: Manifest, only: string[] | undefined): Manifest {
  if (!only) return manifest;
  const nameOf = (part: Manifest["parts"][number]) => (part.kind === "database" ? "database" : part.volume);
  const names = manifest.parts.map(nameOf);
  const missing = only.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new BackupError(
      `Archive ${manifest.name} has no ${missing.join(", ")}: it has ${names.join(", ")}. Nothing was changed.`,
    );
  }
  return { ...manifest, parts: manifest.parts.filter((part) => only.includes(nameOf(part))) };
}

program
  .name("ops/restore")
  .description(
    "Restores an archive of ops/backup into a deployed stack, after checking all of it and asking.",
  )
  .argument("<stack>", "the stack that gets the data")
  .argument("[archive]", "default: the newest")
  .option(
    "--from <place>",
    "a folder, or s3://BUCKET/PREFIX (default: what the stack's own service has made)",
  )
  .option("--from-stack <stack>", "the stack that the archive is of, where it is another one")
  .option(
    "--only <parts...>",
    "database, or volumes by their logical names (default: all that the archive has)",
  )
  .option("--undo", "let the database that the last restore replaced take its place again")
  .option("--yes", "do not ask")
  .action((stack: string, archive: string | undefined, options: Options) =>
    finish(restore(stack, archive, options)),
  );
void program.parseAsync();
