import { cisChecks, type CisCheck } from "./cis";
import { waivers } from "./waivers";

/** A Markdown table of every check of the benchmark: met, and by what, or waived, and why. */
export function cisTable(): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["Check", "Ensure that …", "State", "How, or why not"]),
    line(["---", "---", "---", "---"]),
    ...cisChecks.map((check) => line([check.id, check.title, ...stand(check)])),
  ].join("\n");
}

function stand(check: CisCheck): [string, string] {
  if ("waived" in check) return ["waived", check.waived];
  const excepted = waivers.filter(({ rule }) => rule === check.rule);
  const parts = [
    check.by,
    ...(check.rule ? [`Rule \`${check.rule}\`.`] : []),
    ...(check.but ? [`But for ${check.but}.`] : []),
    ...excepted.map(({ service, because }) => `But for ${service}: ${because}.`),
  ];
  return [check.but || excepted.length > 0 ? "met, with an exception" : "met", parts.join(" ")];
}
