import type { Part } from "./parts";

/** Days before an end from which the check fails: a release of another line has to be tried before it is used. */
export const notice = 60;
/** Days after which has to be looked again whether an end was named. */
const lookAgain = 180;

/** What is wrong with the table: a part that is missing, or not in use in the version that it names. */
export function mismatches(parts: Part[], inUse: Record<string, string>): string[] {
  const listed = new Map(parts.flatMap((part) => part.in.map((place) => [place, part] as const)));
  const missing = Object.entries(inUse)
    .filter(([place]) => !listed.has(place))
    .map(([place, version]) => `${place} ${version} is in use and not in docs/tables/versions.yaml`);
  const wrong = [...listed].flatMap(([place, { part, version }]) => {
    const used = inUse[place];
    if (used === undefined) return [`${part}: ${place} is not in use`];
    const same = used === version || new RegExp(`^${version.replaceAll(".", "\\.")}[.-]`).test(used);
    return same ? [] : [`${part}: ${place} is ${used}, and docs/tables/versions.yaml names ${version}`];
  });
  return [...missing, ...wrong];
}

/** The parts that get no fixes any more or soon, and those of which nobody has looked for long, on a day (`2027-01-31`). */
export function overdue(parts: Part[], today: string): string[] {
  return parts.flatMap(({ part, version, ends, looked, source, despite }) => {
    const name = `${part} ${version}`;
    if (looked !== undefined) {
      const age = daysBetween(looked, today);
      return age <= lookAgain
        ? []
        : [`${name}: look whether an end is named by now, and note the day: ${source}`];
    }
    const left = daysBetween(today, ends!);
    if (left >= notice) return [];
    if (despite && today <= despite.until) return [];
    const state =
      left < 0 ? `has had no fixes since ${ends}` : `gets no fixes after ${ends}, in ${left} days`;
    const excuse = despite ? ` It was used despite that until ${despite.until}: ${despite.reason}` : "";
    return [`${name} ${state}: ${source}${excuse}`];
  });
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

/** The table for people, in Markdown. */
export function partsTable(parts: Part[], inUse: Record<string, string>): string {
  const rows = parts.map(({ part, version, in: places, ends, looked, source, despite }) => {
    const used = [...new Set(places.map((place) => inUse[place]))].filter((found) => found !== version);
    const until = ends ?? `none is named (looked up on ${looked})`;
    const note = despite ? `${despite.reason} Until ${despite.until}.` : "";
    return `| ${[part, version, used.join(", "), until, `<${source}>`, note].join(" | ")} |`;
  });
  return [
    "| Part | Line | In use | Fixes until | Source | Used despite that |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}
