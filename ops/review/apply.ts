import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { projectRoot } from "../../images/content";
import { announced } from "../notices";
import { isQuiet } from "../quiet";
import { passSignals } from "../stack/signals";
import { deployingOptions, secretValues, type Deploying } from "./engine";
import { redactor } from "./values";
import { PlanOutput } from "./violations";

/** How a plan is applied: as it was previewed. */
export interface ApplyOptions extends Deploying {
  /** What the stack's history says of the deploy. */
  message?: string;
  /** Deploy without another preview, as nobody is served meanwhile: each step is held against the plan when it is taken. */
  atOnce?: boolean;
}

/**
 * Deploys exactly what a plan says that was saved with a preview.
 *
 * @throws Error that names what differs from the plan, when anything does, or says that the deploy failed
 */
export function applyPlan(stack: string, plan: string, options: ApplyOptions = {}): Promise<void> {
  return announced(stack, () => apply(stack, plan, options));
}

async function apply(
  stack: string,
  plan: string,
  { message, atOnce = false, ...deploying }: ApplyOptions,
): Promise<void> {
  // With its own preview, usually: that is held against the plan, too, before anything is touched.
  const args = [
    ...["up", "--yes", "--non-interactive", "--stack", stack, "--plan", plan, "--policy-pack", "policy"],
    ...deployingOptions(deploying),
    ...(atOnce ? ["--skip-preview"] : []),
    ...(message === undefined ? [] : ["--message", message]),
  ];
  const child = spawn("pulumi", args, {
    cwd: projectRoot,
    env: { ...process.env, PULUMI_EXPERIMENTAL: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = new PlanOutput(redactor(secretValues(stack, deploying.configFile)));
  const held: string[] = [];
  const streams = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      const shown = output.take(line);
      if (shown === undefined) continue;
      if (isQuiet()) held.push(shown);
      else console.log(shown);
    }
  });
  const status = await new Promise<number>((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => done(code ?? 1));
  }).finally(passSignals(child));
  await Promise.all(streams);
  if (status === 0) return;
  // Pulumi tells most of its errors among its results.
  held.forEach((line) => console.error(line));
  if (output.violations.length === 0) throw new Error(`the deploy of ${stack} failed`);
  throw new Error(
    [
      `this is not what was reviewed${output.applying ? "; the deploy stopped there" : ": nothing was changed"}.`,
      ...output.violations.map((line) => `  ${line}`),
    ].join("\n"),
  );
}
