import { z } from "zod";

/** The database's name among the parts of an exchange; the others are volumes, by their logical names. */
export const databasePart = "database";

/** The set that a restore stages, until it comes into use. */
export const stagedSet = (id: string) => `new-${id}`;
export const isStagedSet = (name: string) => name.startsWith("new-");
const isStaged = (name: string) => name === "part" || isStagedSet(name);

const time = /^\d{14}$/;

const planType = z.object({
  id: z.string().regex(time),
  coming: z.string().regex(/^(new-)?\d{14}$/),
  parts: z.array(z.string()).min(1),
  by: z.string(),
});

/**
 * An exchange of what is in use with what is beside it. What was in use is kept as a set of its own, with the plan beside it:
 * in each volume, and as the comment of the database.
 */
export interface Plan {
  /** When it was made, as `20261130012345` in UTC: what was in use until then is kept under it. */
  id: string;
  /** The set that comes into use: what was staged for this exchange, or the time of one that is kept. */
  coming: string;
  /** `database`, and volumes by their logical names. */
  parts: string[];
  /** For people: what asked for it, as in `the restore of 20261129T030000Z`. */
  by: string;
}

/** What restores have left beside what is in use. */
export interface Beside {
  /** The volumes that were looked at, and the sets and unfinished ones (`part`, `leaving`, …) that each has. */
  volumes: Record<string, { name: string; plan?: Plan }[]>;
  /** The sets of the database, by the same names; undefined where it does not answer. */
  databases: { name: string; plan?: Plan; bytes: number }[] | undefined;
}

/** Something that a restore or an undo has replaced. */
export interface Kept {
  id: string;
  by: string;
  /** All that it had. */
  parts: string[];
  /** What of that is not there, as far as it is known. */
  missing: string[];
}

/** @returns undefined where it is no plan of ours */
export function readPlan(text: string): Plan | undefined {
  try {
    return planType.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The logical names of a plan's volumes. */
export const volumesOfPlan = ({ parts }: Plan) => parts.filter((part) => part !== databasePart);

/** A time as the id of an exchange, later than all that there are. */
export function newId(now: Date, taken: readonly string[]): string {
  const id = (date: Date) => date.toISOString().replace(/\D/g, "").slice(0, 14);
  const last = [...taken].sort().at(-1);
  if (last === undefined || id(now) > last) return id(now);
  return id(new Date(timeOf(last).getTime() + 1000));
}

/** The time that an exchange was made at. */
export function timeOf(id: string): Date {
  const [year, month, day, hours, minutes, seconds] = /^(.{4})(..)(..)(..)(..)(..)$/.exec(id)!.slice(1);
  return new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
}

/** The sets that are kept, oldest first. */
export function keptSets({ volumes, databases }: Beside): Kept[] {
  const found = [
    ...Object.entries(volumes).flatMap(([part, sets]) => sets.map((set) => ({ ...set, part }))),
    ...(databases ?? []).map((set) => ({ ...set, part: databasePart })),
  ].filter(({ name }) => time.test(name));
  return [...new Set(found.map(({ name }) => name))].sort().map((id) => {
    const here = found.filter(({ name }) => name === id);
    const plan = here.find((set) => set.plan)?.plan;
    const present = here.map(({ part }) => part);
    const parts = plan?.parts ?? present;
    const unknown = (part: string) => part === databasePart && databases === undefined;
    const missing = parts.filter((part) => !present.includes(part) && !unknown(part));
    return { id, by: plan?.by ?? "a restore", parts, missing };
  });
}

/** What was staged for an exchange that did not begin: names of parts. */
export function stagedParts({ volumes, databases }: Beside): string[] {
  const staged = (sets: { name: string }[]) => sets.some(({ name }) => isStaged(name));
  return [
    ...(staged(databases ?? []) ? [databasePart] : []),
    ...Object.keys(volumes).filter((volume) => staged(volumes[volume]!)),
  ];
}

/** An exchange that has not come to its end. */
export interface Unfinished {
  plan: Plan;
  /** Whether anything has changed places; undefined where only the database knows, and it does not answer. */
  begun: boolean | undefined;
}

/**
 * Finds the exchange that was interrupted.
 *
 * The database changes places first, so where it is part of the plan and has not, nothing has.
 *
 * @param marked the plan of an exchange that was begun and whose services were not started yet
 */
export function unfinished(beside: Beside, marked: Plan | undefined): Unfinished | undefined {
  const { volumes, databases } = beside;
  const sets = [...Object.values(volumes).flat(), ...(databases ?? [])];
  const has = (volume: string, ...names: string[]) =>
    (volumes[volume] ?? []).some(({ name }) => names.includes(name));
  const underWay = Object.values(volumes)
    .flat()
    .find(({ name }) => name === "leaving" || name === "left")?.plan;
  // Without a mark: some part has what comes in its place already, and another has it beside itself still.
  const halfway = sets
    .filter(({ name, plan }) => plan && name === plan.id)
    .map(({ plan }) => plan!)
    .find((plan) => volumesOfPlan(plan).some((volume) => !has(volume, plan.id) && has(volume, plan.coming)));
  const plan = marked ?? underWay ?? halfway;
  if (!plan) return undefined;
  const moved =
    volumesOfPlan(plan).some((volume) => has(volume, plan.id, "leaving", "left")) ||
    databases?.some(({ name }) => name === plan.id);
  const unknown = !moved && plan.parts.includes(databasePart) && databases === undefined;
  return { plan, begun: unknown ? undefined : Boolean(moved) };
}
