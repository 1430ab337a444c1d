import { execFileSync } from "node:child_process";

import { asksFirst } from "../config/stack-kind";
import { projectRoot } from "../images/content";
import { checkArchive, describe, findArchive, readPart } from "../ops/backups/archive";
import { BackupError, databaseOf, volumesOf, type Manifest } from "../ops/backups/manifest";
import { checkDatabase, restoreDatabase, undoRestore } from "../ops/backups/restore-database";
import { StackVolumeStore } from "../ops/backups/stack-volume";
import { openStore } from "../ops/backups/open";
import { readTarget, type Target } from "../ops/backups/target";
import { realName, unpackVolume } from "../ops/backups/volume";
import { confirm } from "../ops/stack/confirm";
import { Session } from "../ops/stack/session";
import { changing } from "./change";
import { act, define, dryRun, fromCaller, quiet, yes, type CommonOptions } from "./command";

interface Options extends CommonOptions {
  from?: string;
  fromStack?: string;
  only?: string[];
}

async function restore(stack: string, name: string | undefined, options: Options): Promise<void> {
  const session = new Session(stack);
  if (options.dryRun) return bringBack(session, name, options);
  await changing(session, () => bringBack(session, name, options));
}

async function bringBack(
  { stack, resources }: Session,
  name: string | undefined,
  options: Options,
): Promise<void> {
  const target = readTarget(stack, resources);
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
  if (options.dryRun) return console.log("A dry run: nothing was changed.");
  await confirm(stack, options.yes);
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

async function undo(stack: string, options: CommonOptions): Promise<void> {
  const session = new Session(stack);
  await changing(session, async () => {
    const target = readTarget(stack, session.resources);
    if (asksFirst(stack)) {
      if (!options.yes)
        console.log(`What stack ${stack} has written since the last restore goes away with it.`);
      await confirm(stack, options.yes);
    }
    keptNote(target, await undoRestore(target));
  });
}

function keptNote({ database, stack }: Target, kept: string): void {
  console.log(
    [
      `The database that was there is kept as ${kept}, with all that was written until now.`,
      `  back to it:  ./dating backup undo ${stack}`,
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

/** `./dating backup restore` */
export const restorer = define(
  "restore",
  "Restores an archive into a deployed stack, after checking all of it and asking.",
  [
    "backup restore prod",
    "backup restore prod --from s3://safe/dating --dry-run",
    "backup restore staging --from-stack prod --from backups --only database",
  ],
)
  .argument("<stack>", "the stack that gets the data")
  .argument("[archive]", "default: the newest")
  .option(
    "--from <place>",
    "a folder, or s3://BUCKET/PREFIX (default: what the stack's own service has made)",
    fromCaller,
  )
  .option("--from-stack <stack>", "the stack that the archive is of, where it is another one")
  .option(
    "--only <parts...>",
    "database, or volumes by their logical names (default: all that the archive has)",
  )
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(restorer, restore);

/** `./dating backup undo` */
export const undoer = define(
  "undo",
  "Lets the database that the last restore replaced take its place again.",
  ["backup undo prod"],
)
  .argument("<stack>")
  .addOption(quiet())
  .addOption(yes());
act(undoer, undo);
