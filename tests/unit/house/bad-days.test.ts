import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Command } from "commander";

import { program } from "../../../cli/catalog";
import { badDays, badDaysTable, readBadDays } from "../../../ops/bad-days";

const root = join(__dirname, "../../..");
const rows = readBadDays();

/** The commands that do something, as they are typed. */
function leaves(given: Command, path: string[] = []): string[] {
  if (given.commands.length === 0) return [path.join(" ")];
  return given.commands.flatMap((each) => leaves(each, [...path, each.name()]));
}

test("every command has a row, and one only", () => {
  const listed = rows.flatMap(({ commands }) => commands).filter((name) => !name.includes("--"));
  expect(listed.sort()).toEqual(
    leaves(program())
      .filter((name) => name !== "help")
      .sort(),
  );
});

const named = rows.flatMap((row) =>
  (Object.keys(badDays) as (keyof typeof badDays)[]).flatMap((day) => {
    const cell = row[day];
    return "test" in cell ? [[`${row.commands[0]} ${day}`, cell.test] as const] : [];
  }),
);

test.each(named)("the test that shows %s is there: %s", (_, reference) => {
  const [file, title] = reference.split(/: (.*)/s) as [string, string];
  expect(readFileSync(join(root, "tests", file), "utf8")).toContain(title);
});

test("docs/reference/bad-days.md has the table (make docs writes it)", () => {
  expect(readFileSync(join(root, "docs/reference/bad-days.md"), "utf8")).toContain(badDaysTable(rows));
});
