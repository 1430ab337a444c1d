import { keptSets, stagedParts, timeOf, unfinished, type Beside, type Kept, type Plan } from "./plan";
import { exchangeScript } from "./script";
import { helper } from "../helper";
import type { Seen } from "./look";
import { ago } from "../archives/progress";
import { dropKept, dropStaged } from "../restore-database";
import type { Target } from "../target";

/** One line about something that is kept. */
export function describeKept({ id, by, parts, missing }: Kept): string {
  const lost = missing.length > 0 ? `; not there any more: ${missing.join(", ")}` : "";
  return `${id}: ${parts.join(", ")}, replaced ${ago(timeOf(id))} by ${by}${lost}`;
}

/** What restores have left on the Docker host, a line each; nothing where they have left nothing. */
export function listLeft(beside: Beside): string[] {
  const staged = stagedParts(beside);
  return [
    ...keptSets(beside).map((kept) => `Kept ${describeKept(kept)}`),
    ...(staged.length > 0 ? [`A restore goes on, or was interrupted: staged is ${staged.join(", ")}`] : []),
  ];
}

/**
 * The same, with the commands that do something with it.
 *
 * @param marked the plan of an exchange whose services were not started yet
 */
export function describeLeft(stack: string, beside: Beside, marked: Plan | undefined): string[] {
  const open = unfinished(beside, marked)?.plan;
  if (open)
    return [
      `${open.by} goes on, or was interrupted while ${open.parts.join(", ")} changed places. Where it was interrupted, it is ended by`,
      `  going back to what was there:  ./dating backup undo ${stack}`,
      `  restoring once more:           ./dating backup restore ${stack}`,
    ];
  const lines = listLeft(beside);
  if (keptSets(beside).length > 0) lines.push(`  bring the newest back:  ./dating backup undo ${stack}`);
  if (lines.length > 0) lines.push(`  delete all of it:       ./dating backup restore ${stack} --finish`);
  return lines;
}

/** The bytes that {@link deleteKept} frees. */
export async function bytesOf(target: Target, { volumes, databases = [] }: Beside): Promise<number> {
  const given = { volumes: Object.keys(volumes), readOnly: true };
  const files = Number(await target.docker.text(helper(target, given, exchangeScript, ["size"])));
  return files + databases.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Deletes all that restores have left beside what is in use.
 *
 * @throws Error where the database does not answer, before anything is deleted
 */
export async function deleteKept(target: Target, { beside, silence }: Seen): Promise<void> {
  if (silence) throw silence;
  const ids = keptSets(beside).map(({ id }) => id);
  await dropKept(target, ids);
  await dropStaged(target);
  const volumes = Object.keys(beside.volumes);
  await target.docker.text(helper(target, { volumes }, exchangeScript, ["remove", ...ids]));
}
