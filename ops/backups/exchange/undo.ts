import { exchange } from "./exchange";
import { databasePart, isStagedSet, keptSets, newId, type Beside, type Kept, type Plan } from "./plan";
import type { StackHooks } from "../hooks";
import { describeKept } from "./kept";
import type { Seen } from "./look";
import { BackupError } from "../archives/manifest";
import { size } from "../archives/progress";
import { clearUp } from "../restore";
import { checkRevision, migrateKept, revisionOf } from "../restore-database";
import type { Target } from "../target";

/**
 * Brings back what a restore, or another undo, has replaced. Of one that was interrupted, what it has left is ended first; where
 * that is all that an undo of it has to do, nothing else is brought back.
 *
 * @param id the time since when it is kept; the newest where none is given
 * @param agree gets what is to be brought back, and throws where it is not to be
 * @returns the time under which what was in use is kept; undefined where nothing was brought back
 * @throws BackupError where there is nothing, not all of it, or the checkout cannot go on from it
 * @throws as {@link exchange} does
 */
export async function undo(
  target: Target,
  hooks: StackHooks,
  id: string | undefined,
  agree: (lines: string[]) => Promise<void>,
): Promise<string | undefined> {
  const { plan, finished, staged, seen } = await clearUp(target, hooks);
  if (plan && finished && !isStagedSet(plan.coming)) {
    console.log(`Brought back what was in use until ${plan.coming}: it was the undo that was interrupted.`);
    return plan.id;
  }
  if (id === undefined && !finished && staged.length > 0) {
    console.log(
      `The restore that was interrupted had changed nothing that is in use, so nothing is brought back. ` +
        `What earlier ones have replaced: ./dating backup undo ${target.stack} TIME`,
    );
    return undefined;
  }
  const { kept, lines } = await findKept(target, seen, id);
  await agree(lines);
  const replaced = await bringBack(target, hooks, seen.beside, kept);
  console.log(`Brought back what was in use until ${kept.id}.`);
  return replaced;
}

/**
 * What an undo would bring back, after looking whether it can.
 *
 * @param id the time since when it is kept; the newest where none is given
 * @throws BackupError where there is nothing, not all of it, or the checkout cannot go on from it
 */
export async function findKept(
  target: Target,
  { beside, silence }: Seen,
  id: string | undefined,
): Promise<{ kept: Kept; lines: string[] }> {
  const all = keptSets(beside);
  const kept = id === undefined ? all.at(-1) : all.find((each) => each.id === id);
  if (!kept)
    throw new BackupError(
      `Stack ${target.stack} keeps nothing that a restore has replaced${id === undefined ? "" : ` at ${id}`}.` +
        (all.length > 0 ? ` There is: ${all.map((each) => each.id).join(", ")}.` : "") +
        (silence ? ` Its database cannot be asked: ${silence.message}` : ""),
    );
  if (kept.missing.length > 0)
    throw new BackupError(
      `Of what was replaced at ${kept.id}, ${kept.missing.join(" and ")} is not there any more, so it cannot be brought back ` +
        `whole. To delete the rest: ./dating backup restore ${target.stack} --finish. Nothing was changed.`,
    );
  const lines = [describeKept(kept)];
  if (kept.parts.includes(databasePart)) {
    if (silence) throw silence;
    const revision = await revisionOf(target, kept.id);
    checkRevision(`The database that was replaced at ${kept.id}`, revision);
    const { bytes } = beside.databases!.find(({ name }) => name === kept.id)!;
    lines.push(`  its database: revision ${revision ?? "none"}, ${size(bytes)}`);
  }
  return { kept, lines };
}

/**
 * Brings back what was replaced. What is in use until then is kept in its stead. The schema of a database is brought up to the
 * stack's before.
 *
 * @returns the time under which that is kept
 * @throws as {@link exchange} does
 */
async function bringBack(
  target: Target,
  hooks: StackHooks,
  beside: Beside,
  { id: coming, parts }: Kept,
): Promise<string> {
  const id = newId(
    new Date(),
    keptSets(beside).map((kept) => kept.id),
  );
  const plan: Plan = { id, coming, parts, by: `the undo to ${coming}` };
  if (parts.includes(databasePart)) migrateKept(target, hooks, coming);
  await exchange(target, hooks, plan);
  return id;
}
