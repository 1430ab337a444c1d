import { mismatches, notice, overdue } from "./upkeep/check";
import { readParts, versionsInUse } from "./upkeep/parts";

const parts = readParts();
const problems = [
  ...mismatches(parts, versionsInUse()),
  ...overdue(parts, new Date().toISOString().slice(0, 10)),
];
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else {
  console.log(
    `All ${parts.length} parts get fixes for at least ${notice} days, or docs/versions.md says why not.`,
  );
}
