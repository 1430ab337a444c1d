/** How much something on the Docker host counts for a deploy. */
export type Level =
  /** The deploy would fail, or hurt what runs: it does not begin. */
  | "refuse"
  /** It works, with less than what is promised. */
  | "warn"
  /** Good to know; only `make doctor` tells. */
  | "note";

/** Something on the Docker host that a deploy should know before it begins. */
export interface Finding {
  level: Level;
  /** What was found: a sentence without its full stop. */
  what: string;
  /** What it means for the stack. */
  why: string;
  /** It may be gone by the time of the deploy, as what else is on the host: a preview warns and goes on. */
  mayPass?: true;
  /** What to do about it; undefined where nothing needs to be done. */
  fix?: string;
}

/** A finding for people: what, and below it why and what to do. */
export function render({ what, why, fix }: Finding): string {
  return [what, `    ${why}`, ...(fix === undefined ? [] : [`    ${fix}`])].join("\n");
}

/** What keeps a deploy from beginning, all of it at once. */
export function renderRefusals(where: string, refusals: readonly Finding[]): string {
  const count = refusals.length === 1 ? "1 reason" : `${refusals.length} reasons`;
  return [
    `${where} cannot take this deploy, for ${count}; nothing was changed.`,
    ...refusals.map((finding) => `  ${render(finding).replaceAll("\n", "\n  ")}`),
  ].join("\n");
}
