import { mismatches, notice, overdue } from "../../ops/upkeep/check";
import { readParts, versionsInUse } from "../../ops/upkeep/parts";
import { OperatorError } from "../../ops/stack/errors";
import { act, define, json, printJson, type CommonOptions } from "../command";

function versions(options: CommonOptions): number | void {
  const parts = readParts();
  const inUse = versionsInUse();
  const problems = [...mismatches(parts, inUse), ...overdue(parts, new Date().toISOString().slice(0, 10))];
  if (options.json) {
    const used = (places: string[]) => Object.fromEntries(places.map((place) => [place, inUse[place]]));
    printJson({ parts: parts.map((part) => ({ ...part, in: used(part.in) })), problems });
    return problems.length > 0 ? 1 : 0;
  }
  if (problems.length > 0) throw new OperatorError(problems.join("\n"));
  console.log(
    `All ${parts.length} parts get fixes for at least ${notice} days, or docs/reference/versions.md says why not.`,
  );
}

export const command = define(
  "versions",
  "Says whether every part that the project runs still gets fixes (docs/tables/versions.yaml). Fails when fixes for a part end within 60 days.",
  ["versions", "versions --json"],
).addOption(json());
act(command, versions);
