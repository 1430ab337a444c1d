import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

import { program } from "commander";

import { projectRoot } from "../images/content";
import { secretValues } from "./review/engine";
import { PlanOutput } from "./review/violations";
import { redactor } from "./review/values";

program
  .name("ops/up")
  .description("Applies exactly what `ops/preview STACK --save-plan FILE` showed, or changes nothing.")
  .argument("<stack>")
  .requiredOption("--plan <file>", "the plan that was reviewed")
  .parse();
const [stack] = program.processedArgs as [string];
const { plan } = program.opts<{ plan: string }>();

async function main(): Promise<void> {
  if (!existsSync(plan))
    throw new Error(`there is no plan ${plan}: ops/preview ${stack} --save-plan ${plan}`);
  // With its own preview: that is held against the plan, too, before anything is touched.
  const args = [
    "up",
    "--yes",
    "--non-interactive",
    "--stack",
    stack,
    "--plan",
    plan,
    "--policy-pack",
    "policy",
  ];
  const child = spawn("pulumi", args, {
    cwd: projectRoot,
    env: { ...process.env, PULUMI_EXPERIMENTAL: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = new PlanOutput(redactor(secretValues(stack)));
  const streams = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      const shown = output.take(line);
      if (shown !== undefined) console.log(shown);
    }
  });
  const status = await new Promise<number>((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => done(code ?? 1));
  });
  await Promise.all(streams);
  if (status === 0) return;
  if (output.violations.length === 0) throw new Error(`the deploy of ${stack} failed`);
  throw new Error(
    [
      `this is not what was reviewed${output.applying ? "; the deploy stopped there" : ": nothing was changed"}.`,
      ...output.violations.map((line) => `  ${line}`),
      `Look at what a deploy would do now, and save that: ops/preview ${stack} --save-plan ${plan}`,
    ].join("\n"),
  );
}

main().catch((error: unknown) => {
  console.error(`ops/up: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
