import { writeFileSync } from "node:fs";

import { program } from "commander";

import { findDrift, type Drift } from "./host/drift";
import type { Finding } from "./host/findings";
import { fixDrift, type FixOptions } from "./host/fix";
import { escape } from "./review/render";

program
  .name("ops/drift")
  .description(
    "Compares what runs with what was deployed last: the engine's refresh, every container as Docker knows it,\n" +
      "the files in it, and a login to the database. A Grafana that cannot be asked from here is no drift. Exit code 0: no drift, 2: drift, 1: an error.",
  )
  .argument("<stack>")
  .option("--fix", "bring it back")
  .option("--empty-volumes", "with --fix: go on with an empty volume where one is gone")
  .option("--pending-changes", "with --fix: also deploy what the checkout and the configuration change")
  .option("--markdown <file>", "also write the report as Markdown")
  .parse();
const [stack] = program.processedArgs as [string];
const options = program.opts<FixOptions & { fix?: true; markdown?: string }>();

const things = (count: number) => `${count} ${count === 1 ? "thing" : "things"}`;

function report({ findings, notCompared }: Drift): string {
  return [
    findings.length === 0
      ? `Stack ${stack} is as it was deployed.`
      : `Stack ${stack} differs from what was deployed in ${things(findings.length)}:`,
    ...findings.map(({ subject, text }) => `  ${subject}: ${text}`),
    ...notCompared.map((what) => `Not compared: ${what}`),
  ].join("\n");
}

function markdown(findings: Finding[]): string {
  // An issue has the limit of a comment.
  const rows = findings.map(({ subject, text }) => `| ${escape(subject)} | ${escape(text.slice(0, 400))} |`);
  const shown = rows.slice(0, 70);
  if (findings.length === 0) return `Stack \`${stack}\` is as it was deployed.\n`;
  return [
    `Stack \`${stack}\` differs from what was deployed in ${things(findings.length)}:`,
    "",
    "| What | How |",
    "| --- | --- |",
    ...shown,
    "",
    ...(shown.length < rows.length ? [`… and ${things(rows.length - shown.length)} more.`, ""] : []),
    `Bring it back: \`ops/drift ${stack} --fix\``,
    "",
  ].join("\n");
}

async function main(): Promise<void> {
  const drift = await findDrift(stack);
  console.log(report(drift));
  if (options.markdown) writeFileSync(options.markdown, markdown(drift.findings));
  if (drift.findings.length === 0) return;
  if (!options.fix) {
    console.log(`Bring it back: ops/drift ${stack} --fix`);
    process.exitCode = 2;
    return;
  }
  fixDrift(stack, drift, options);
  const after = await findDrift(stack);
  console.log(report(after));
  if (after.findings.length > 0) throw new Error("not everything could be brought back");
}

main().catch((error: unknown) => {
  console.error(`ops/drift: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
