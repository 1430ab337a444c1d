import { existsSync } from "node:fs";

import { program } from "commander";

import { applyPlan } from "./review/apply";

program
  .name("ops/up")
  .description("Applies exactly what `ops/preview STACK --save-plan FILE` showed, or changes nothing.")
  .argument("<stack>")
  .requiredOption("--plan <file>", "the plan that was reviewed")
  .parse();
const [stack] = program.processedArgs as [string];
const { plan } = program.opts<{ plan: string }>();

async function main(): Promise<void> {
  const anew = `ops/preview ${stack} --save-plan ${plan}`;
  if (!existsSync(plan)) throw new Error(`there is no plan ${plan}: ${anew}`);
  try {
    await applyPlan(stack, plan);
  } catch (error) {
    if (error instanceof Error)
      error.message += `\nLook at what a deploy would do now, and save that: ${anew}`;
    throw error;
  }
}

main().catch((error: unknown) => {
  console.error(`ops/up: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
