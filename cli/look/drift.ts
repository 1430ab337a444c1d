import { writeFileSync } from "node:fs";

import { Option } from "commander";

import { asksFirst } from "../../config/stack/kind";
import { findDrift, type Drift } from "../../ops/drift/drift";
import type { Finding } from "../../ops/drift/findings";
import { fixDrift, type FixOptions } from "../../ops/drift/fix";
import { escape } from "../../ops/review/render";
import { confirm } from "../../ops/stack/confirm";
import { foundSomething, OperatorError } from "../../ops/stack/errors";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, fromCaller, printJson, quiet, yes, type CommonOptions } from "../command";

interface Options extends CommonOptions, FixOptions {
  fix?: true;
  markdown?: string;
}

const things = (count: number) => `${count} ${count === 1 ? "thing" : "things"}`;

function report(stack: string, { findings, notCompared }: Drift): string {
  return [
    findings.length === 0
      ? `Stack ${stack} is as it was deployed.`
      : `Stack ${stack} differs from what was deployed in ${things(findings.length)}:`,
    ...findings.map(({ subject, text }) => `  ${subject}: ${text}`),
    ...notCompared.map((what) => `Not compared: ${what}`),
  ].join("\n");
}

function markdown(stack: string, findings: Finding[]): string {
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
    `Bring it back: \`./dating drift ${stack} --fix\``,
    "",
  ].join("\n");
}

async function drift(stack: string, options: Options): Promise<number | void> {
  if (!options.fix) return look(stack, options);
  const session = new Session(stack);
  await changing(session, async () => {
    const found = await findDrift(stack);
    console.log(report(stack, found));
    if (options.markdown) writeFileSync(options.markdown, markdown(stack, found.findings));
    if (found.findings.length === 0) return;
    const approve = async () => {
      if (asksFirst(stack)) await confirm(stack, options.yes);
    };
    await fixDrift(stack, found, { ...options, approve });
    const after = await findDrift(stack);
    console.log(report(stack, after));
    if (after.findings.length > 0) throw new OperatorError("not everything could be brought back");
  });
}

async function look(stack: string, options: Options): Promise<number | void> {
  const found = await findDrift(stack);
  const { findings, notCompared } = found;
  if (options.json) printJson({ stack, findings, notCompared });
  else console.log(report(stack, found));
  if (options.markdown) writeFileSync(options.markdown, markdown(stack, findings));
  if (findings.length === 0) return;
  if (!options.json) console.log(`Bring it back: ./dating drift ${stack} --fix`);
  return foundSomething;
}

export const command = define(
  "drift",
  "Compares what runs with what was deployed last: Pulumi's refresh, every container's settings and files, and a login\n" +
    "to the database. A Grafana that cannot be reached from here does not count as drift.\n" +
    "Exit code 0: no drift, 2: drift, 1: an error.",
  ["drift prod", "drift prod --json", "drift prod --fix"],
)
  .argument("<stack>")
  .option("--fix", "bring back what was deployed")
  .option("--empty-volumes", "with --fix: if a volume is gone, make an empty one (its data is lost)")
  .option(
    "--pending-changes",
    "with --fix: also deploy what has changed in the checkout and the configuration",
  )
  .option("--markdown <file>", "also write the report as Markdown", fromCaller)
  .addOption(new Option("--json", "print the result as JSON").conflicts("fix"))
  .addOption(quiet())
  .addOption(yes());
act(command, drift);
