import { readFileSync } from "node:fs";
import { join } from "node:path";

import { readers } from "../../../config/database-names";
import { reviewOf } from "../../../ops/review/review";
import { parsePreview } from "../../../ops/review/schema";
import { problemsOf, valid } from "../support/config";

const told = (databaseName: string) =>
  problemsOf({ ...valid, databaseName }).map(({ problem, command }) => [problem, command]);

test.each([
  ...["postgres", "template0", "template1", "pg_catalog", "pg_read_all_data", "public", "none"],
  ...Object.values(readers),
])("%s is no name for the application's database: Postgres or the stack itself has it", (name) => {
  expect(told(name)).toEqual([
    [
      "is a name that Postgres or the stack itself has; choose another",
      "pulumi config set --stack prod dating:databaseName 'dating'",
    ],
  ]);
});

test.each(["dating", "pgdating", "postgres_app", "_x", "monitoring_app"])("%s is one", (name) => {
  expect(told(name)).toEqual([]);
});

test("a name leaves room for what logins and restores put behind it, which Postgres would cut off", () => {
  const ends = ["_v1000000", "_restore", `_before_${"0".repeat(14)}`];
  expect(told("x".repeat(41))).toEqual([]);
  for (const end of ends) expect(`${"x".repeat(41)}${end}`.length).toBeLessThanOrEqual(63);
  expect(told("x".repeat(42))).toEqual([["must have 41 characters at most", expect.any(String)]]);
});

test("another name is a risk that a preview names, with both", () => {
  const file = join(__dirname, "../previews/database-password.json");
  const preview = parsePreview(readFileSync(file, "utf8"));
  const risks = () =>
    reviewOf("prod", preview, () => []).risks.filter(({ title }) => title === "another database");
  expect(risks()).toEqual([]);
  const { newState } = preview.steps.find(({ urn }) => urn.endsWith("::database-role"))!;
  (newState!.inputs.environment as Record<string, string>).DATABASE = "matching";
  expect(risks()).toEqual([
    {
      title: "another database",
      text: "dating → matching: what is in dating stays there, and the deploy is refused where matching does not exist",
    },
  ]);
});
