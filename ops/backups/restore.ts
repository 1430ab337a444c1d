import { readPart, checkArchive } from "./archives/archive";
import { clusterVolume, exchange, settle, Unsettled, type Settled } from "./exchange/exchange";
import {
  databasePart,
  keptSets,
  newId,
  stagedParts,
  stagedSet,
  type Beside,
  type Plan,
} from "./exchange/plan";
import { exchangeScript } from "./exchange/script";
import { awaitHelpers, helper } from "./helper";
import type { StackHooks } from "./hooks";
import { look, type Seen } from "./exchange/look";
import { BackupError, databaseOf, volumesOf, type Manifest } from "./archives/manifest";
import { checkDatabase, dropStaged, stageDatabase } from "./restore-database";
import { interruptible } from "./signals";
import { lacking, needsOf } from "./space";
import type { ArchiveStore } from "./archives/store";
import { realName, type Target } from "./target";

/**
 * Finds everything that would keep an archive from being restored, and reads it to its end.
 *
 * @param seen the stack as it is now
 * @throws BackupError that says what; nothing was changed then
 */
export async function checkRestore(
  target: Target,
  store: ArchiveStore,
  manifest: Manifest,
  { space, silence }: Seen,
): Promise<void> {
  const database = databaseOf(manifest);
  const volumes = volumesOf(manifest);
  if (database && volumes.some(({ volume }) => volume === clusterVolume)) {
    const others = volumes.map(({ volume }) => volume).filter((volume) => volume !== clusterVolume);
    throw new BackupError(
      `Archive ${manifest.name} has the database twice, as a dump and as the files of its server. Choose one of them: ` +
        `--only ${[databasePart, ...others].join(" ")}, or --only ${[clusterVolume, ...others].join(" ")}. Nothing was changed.`,
    );
  }
  for (const { volume } of volumes) {
    const name = realName(target, volume);
    if (!space[volume])
      throw new BackupError(
        `The volume ${name} is not on the Docker host. Deploy the stack first: ./dating up ${target.stack}. Nothing was changed.`,
      );
  }
  if (database) {
    if (silence) throw silence;
    await checkDatabase(target, database);
  }
  await checkArchive(store, manifest);
  const needs = await needsOf(target, manifest, (part) =>
    readPart(store, manifest.name, part, `measuring ${part.file}`),
  );
  const few = lacking(needs, space);
  if (few.length > 0)
    throw new BackupError(`There is too little room: ${few.join("; ")}. Nothing was changed.`);
}

/**
 * Restores an archive that was checked: everything is staged beside what is in use, and then all of it changes places at once.
 * What was in use is kept.
 *
 * @returns the time under which that is kept
 * @throws Interrupted where a signal came before anything had changed places
 * @throws Error as {@link exchange} does; what could not be staged has left nothing
 */
export async function restoreArchive(
  target: Target,
  hooks: StackHooks,
  store: ArchiveStore,
  manifest: Manifest,
  beside: Beside,
): Promise<string> {
  const id = newId(
    new Date(),
    keptSets(beside).map((kept) => kept.id),
  );
  const plan: Plan = {
    id,
    coming: stagedSet(id),
    parts: manifest.parts.map((part) => (part.kind === "database" ? databasePart : part.volume)),
    by: `the restore of ${manifest.name}`,
  };
  try {
    await interruptible(async (aborted) => {
      await stage({ ...target, docker: target.docker.endedBy(aborted) }, hooks, store, manifest, plan);
      aborted.throwIfAborted();
    }, "Nothing was changed.");
    await exchange(target, hooks, plan);
  } catch (error) {
    if (!(error instanceof Unsettled))
      await discard(target, plan.parts).catch((second: unknown) =>
        console.error(
          `  What was staged is left for the next restore to remove: ${(second as Error).message}`,
        ),
      );
    throw error;
  }
  return id;
}

async function stage(
  target: Target,
  hooks: StackHooks,
  store: ArchiveStore,
  manifest: Manifest,
  { coming }: Plan,
): Promise<void> {
  for (const part of volumesOf(manifest)) {
    const { volume, entries } = part;
    const run = helper(target, { volumes: [volume], step: "unpack" }, exchangeScript, [
      ...["unpack", volume, String(entries), coming],
    ]);
    await target.docker.text(run, readPart(store, manifest.name, part, `restoring ${part.file}`));
  }
  const database = databaseOf(manifest);
  if (database) await stageDatabase(target, hooks, store, manifest, database);
}

/** What was found of restores that were interrupted. */
export interface Cleared extends Settled {
  /** The parts of which something was staged that never came into use. */
  staged: string[];
}

/**
 * Ends what an interrupted restore or undo has left, and says so.
 *
 * @returns with the stack as it is then
 * @throws as {@link settle} does
 */
export async function clearUp(target: Target, hooks: StackHooks): Promise<Cleared> {
  const settled = await settle(target, hooks);
  const before = settled.plan ? await look(target) : settled.seen;
  const staged = stagedParts(before.beside);
  if (staged.length === 0) return { ...settled, seen: before, staged };
  await discard(target, staged);
  console.log(`Removed what an interrupted restore had staged of ${staged.join(", ")}. Nothing used it.`);
  return { ...settled, seen: await look(target), staged };
}

async function discard(target: Target, parts: readonly string[]): Promise<void> {
  const calm = { ...target, docker: target.docker.undisturbed };
  const volumes = parts.filter((part) => part !== databasePart);
  await awaitHelpers(calm);
  if (volumes.length > 0) await calm.docker.text(helper(calm, { volumes }, exchangeScript, ["remove"]));
  if (parts.includes(databasePart)) await dropStaged(calm);
}
