import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";
import { z } from "zod";

import { projectRoot } from "../images/content";

const cell = z.union([
  z.strictObject({ does: z.string(), test: z.string().regex(/^\w+\/[\w/-]+\.test\.ts: ./) }),
  z.strictObject({ does: z.string(), because: z.string() }),
]);

/** What can go wrong with a command, as the table's columns have it. */
export const badDays = {
  killed: "Killed in the middle",
  twice: "Run twice at once",
  noTerminal: "Without a terminal",
  otherBackend: "With another backend",
  wrongStack: "For the wrong stack",
} as const;

const row = z.strictObject({
  commands: z.array(z.string()).nonempty(),
  killed: cell,
  twice: cell,
  noTerminal: cell,
  otherBackend: cell,
  wrongStack: cell,
});

/** What some commands do on bad days, each with the test that shows it, or the reason why there is none. */
export type Row = z.output<typeof row>;

/**
 * The table docs/tables/bad-days.yaml.
 *
 * @throws ZodError where it says something else than its head allows
 */
export function readBadDays(): Row[] {
  return z.array(row).parse(load(readFileSync(join(projectRoot, "docs/tables/bad-days.yaml"), "utf8")));
}

/** The table for people, in Markdown. */
export function badDaysTable(rows: Row[]): string {
  const columns = Object.keys(badDays) as (keyof typeof badDays)[];
  const cells = rows.map((each) => [
    each.commands.map((name) => `\`${name}\``).join(", "),
    ...columns.map((column) => each[column].does),
  ]);
  return [["Command", ...Object.values(badDays)], ["---", ...columns.map(() => "---")], ...cells]
    .map((line) => `| ${line.join(" | ")} |`)
    .join("\n");
}
