import { mismatches, notice, overdue } from "../ops/upkeep/check";
import { readParts, versionsInUse } from "../ops/upkeep/parts";
import { OperatorError } from "../ops/stack/errors";
import { act, define } from "./command";

function versions(): void {
  const parts = readParts();
  const problems = [
    ...mismatches(parts, versionsInUse()),
    ...overdue(parts, new Date().toISOString().slice(0, 10)),
  ];
  if (problems.length > 0) throw new OperatorError(problems.join("\n"));
  console.log(
    `All ${parts.length} parts get fixes for at least ${notice} days, or docs/versions.md says why not.`,
  );
}

export const command = define(
  "versions",
  "Says whether every part that the project runs still gets fixes (docs/versions.yaml). Fails 60 days before an end.",
  ["versions"],
);
act(command, versions);
