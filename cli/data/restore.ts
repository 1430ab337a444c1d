import { InvalidArgumentError, Option } from "commander";

import { asksFirst } from "../../config/stack/kind";
import { describe, findArchive } from "../../ops/backups/archives/archive";
import { hooksOf } from "../../ops/backups/hooks";
import { bytesOf, deleteKept, describeLeft, listLeft } from "../../ops/backups/exchange/kept";
import { look, type Seen } from "../../ops/backups/exchange/look";
import { BackupError, type Manifest } from "../../ops/backups/archives/manifest";
import { findMark } from "../../ops/backups/exchange/mark";
import { openStore } from "../../ops/backups/archives/open";
import { size } from "../../ops/backups/archives/progress";
import { checkRestore, clearUp, restoreArchive } from "../../ops/backups/restore";
import { StackVolumeStore } from "../../ops/backups/archives/stack-volume";
import type { ArchiveStore } from "../../ops/backups/archives/store";
import { readTarget, type Target } from "../../ops/backups/target";
import { findKept, undo } from "../../ops/backups/exchange/undo";
import { withArchiveAt } from "../../ops/point-in-time/archive";
import type { Point } from "../../ops/point-in-time/recovery";
import { pointsOf } from "../../ops/point-in-time/servers";
import { confirm } from "../../ops/stack/confirm";
import { Refused } from "../../ops/stack/errors";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, dryRun, fromCaller, quiet, yes, type CommonOptions } from "../command";

interface Options extends CommonOptions {
  from?: string;
  fromStack?: string;
  only?: string[];
  finish?: true;
  at?: Point;
  server?: string;
}

async function restore(stack: string, name: string | undefined, options: Options): Promise<void> {
  const session = new Session(stack);
  const { at, from, fromStack, only, server } = options;
  if (options.finish && (name ?? from ?? fromStack ?? only ?? at ?? server))
    throw new Refused("--finish takes no archive: it deletes what restores have left. Nothing was changed.");
  if (at && (name ?? from ?? only))
    throw new Refused("--at takes no archive: it is found in the continuous backups. Nothing was changed.");
  if (server && !at) throw new Refused("--server is for --at. Nothing was changed.");
  if (at && options.dryRun) return tellPoints(readTarget(fromStack ?? stack));
  const action = () => (options.finish ? finish(session, options) : putBack(session, name, options));
  if (options.dryRun) return action();
  await changing(session, action);
}

async function putBack(
  { stack, resources }: Session,
  name: string | undefined,
  options: Options,
): Promise<void> {
  const target = readTarget(stack, resources);
  const seen = await begin(target, options);
  const origin = options.fromStack ?? stack;
  const source = () => (origin === stack ? target : readTarget(origin));
  if (options.at) {
    const wanted = { point: options.at, server: options.server };
    return withArchiveAt(source(), wanted, (store, manifest) =>
      exchangeWith(target, seen, store, manifest, options),
    );
  }
  const store = options.from ? openStore(options.from, origin) : new StackVolumeStore(source());
  const manifest = await findArchive(store, name);
  if (manifest.stack !== origin) {
    throw new BackupError(
      `${store.where}/${manifest.name} is of stack ${manifest.stack}. To restore it into ${stack} all the same: ` +
        `--from-stack ${manifest.stack}. Nothing was changed.`,
    );
  }
  await exchangeWith(target, seen, store, choose(manifest, options.only), options);
}

async function exchangeWith(
  target: Target,
  seen: Seen,
  store: ArchiveStore,
  chosen: Manifest,
  options: Options,
): Promise<void> {
  const { stack } = target;
  // Everything that can be wrong is found before anything is touched.
  await checkRestore(target, store, chosen, seen);

  console.log(`To be restored into stack ${stack}: ${describe(chosen)}`);
  if (options.dryRun) return console.log("A dry run: nothing was changed.");
  await confirm(stack, options.yes);
  const kept = await restoreArchive(target, hooksOf(target), store, chosen, seen.beside);
  console.log(`Restored ${chosen.name}.`);
  tellKept(target, kept);
}

async function goBack(stack: string, time: string | undefined, options: CommonOptions): Promise<void> {
  const session = new Session(stack);
  const tell = (lines: string[]) => console.log(["To be brought back:", ...lines].join("\n  "));
  if (options.dryRun) {
    const target = readTarget(stack, session.resources);
    tell((await findKept(target, await begin(target, options), time)).lines);
    return console.log("A dry run: nothing was changed.");
  }
  await changing(session, async () => {
    const target = readTarget(stack, session.resources);
    const kept = await undo(target, hooksOf(target), time, async (lines) => {
      tell(lines);
      if (!asksFirst(stack)) return;
      if (!options.yes) console.log(`What stack ${stack} has written since then goes out of use.`);
      await confirm(stack, options.yes);
    });
    if (kept) tellKept(target, kept);
  });
}

async function finish({ stack, resources }: Session, options: Options): Promise<void> {
  const target = readTarget(stack, resources);
  const seen = await begin(target, options);
  const left = listLeft(seen.beside);
  if (left.length === 0) return console.log(`Stack ${stack} keeps nothing that a restore has replaced.`);
  console.log([`To be deleted, ${size(await bytesOf(target, seen.beside))} in all:`, ...left].join("\n  "));
  if (options.dryRun) return console.log("A dry run: nothing was changed.");
  if (asksFirst(stack)) await confirm(stack, options.yes);
  await deleteKept(target, seen);
  console.log("Deleted. There is no way back to it any more.");
}

function tellKept({ stack }: Target, id: string): void {
  console.log(
    [
      `What was there is kept as ${id}, with all that was written until now.`,
      `  back to it:  ./dating backup undo ${stack}`,
      `  delete it:   ./dating backup restore ${stack} --finish`,
    ].join("\n"),
  );
}

/** The stack as it is when what an interrupted restore has left is ended; in a dry run that is only told. */
async function begin(target: Target, { dryRun }: CommonOptions): Promise<Seen> {
  return dryRun ? tellLeft(target) : (await clearUp(target, hooksOf(target))).seen;
}

/** Tells what restores have left: not on standard output, as the result there may be for a program. */
export async function tellLeft(target: Target): Promise<Seen> {
  const seen = await look(target);
  const mark = await findMark(target);
  for (const line of describeLeft(target.stack, seen.beside, mark?.plan)) console.error(line);
  return seen;
}

/** What `--at` can be. @throws InvalidArgumentError where it is neither a time with its zone nor latest */
export function readPoint(text: string, _?: unknown, now = new Date()): Point {
  if (text === "latest") return text;
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text) || isNaN(+time))
    throw new InvalidArgumentError("It must be a time with its zone, as 2026-11-27T14:03:00Z, or latest.");
  if (time > now) throw new InvalidArgumentError("It is in the future.");
  return time;
}

/** Tells from when on a time can be restored. */
async function tellPoints(target: Target): Promise<void> {
  for (const line of await pointsOf(target)) console.log(line);
  console.log("A dry run: nothing was changed.");
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
  "Restores an archive into a deployed stack. Checks the whole archive first, then asks. The data that it replaces is kept: " +
    "`backup undo` brings it back, and --finish deletes it.",
  [
    "backup restore prod",
    "backup restore prod --from s3://safe/dating --dry-run",
    "backup restore staging --from-stack prod --from s3://safe/dating --only database",
    "backup restore prod --at 2026-11-27T14:03:00Z",
    "backup restore staging --at latest --from-stack prod",
    "backup restore prod --finish",
  ],
)
  .argument("<stack>", "the stack that gets the data")
  .argument("[archive]", "default: the newest")
  .option(
    "--from <place>",
    "a folder, or s3://BUCKET/PREFIX (default: what the stack's own service has made)",
    fromCaller,
  )
  .option("--from-stack <stack>", "the stack that the archive was made from (default: the same stack)")
  .option(
    "--only <parts...>",
    "database, or volumes by their logical names (default: all that the archive has)",
  )
  .addOption(
    new Option(
      "--at <time>",
      "restore the database from the continuous backups, as it was at this time: 2026-11-27T14:03:00Z, or latest",
    ).argParser(readPoint),
  )
  .option("--server <number>", "with --at: which server's backups, if the repositories hold those of several")
  .option(
    "--finish",
    "restore nothing; delete the data that earlier restores replaced and kept, after asking",
  )
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(restorer, restore);

/** `./dating backup undo` */
export const undoer = define(
  "undo",
  "Brings back the database and volumes that the last restore replaced. Says how old they are, then asks. The data that this " +
    "replaces is kept in turn.",
  ["backup undo prod", "backup undo prod --dry-run", "backup undo prod 20261130031500"],
)
  .argument("<stack>")
  .argument(
    "[time]",
    "the time at which the data was replaced, as `backup list` shows it (default: the newest)",
  )
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(undoer, goBack);
