import { readFileSync, writeFileSync } from "node:fs";

import { program } from "commander";

import { revisionsAfter } from "../images/revisions";
import { runPreview, secretValues } from "./review/engine";
import { renderMarkdown, renderText } from "./review/render";
import { isRefused, reviewOf } from "./review/review";
import { parsePreview } from "./review/schema";
import { redactAll, redactor } from "./review/values";

program
  .name("ops/preview")
  .description(
    "Shows what a deploy of the checkout would change: risks first, then each service in words, then every change.\n" +
      "Values are shown of what cannot hold a secret only.",
  )
  .argument("<stack>")
  .option("--json <file>", "read what `pulumi preview --json` printed, instead of asking the engine")
  .option("--save-plan <file>", "also write the plan, for `ops/up STACK --plan FILE`")
  .option("--markdown <file>", "also write the summary as a comment for a pull request")
  .parse();
const [stack] = program.processedArgs as [string];
const options = program.opts<{ json?: string; savePlan?: string; markdown?: string }>();

function main(): void {
  if (options.json && options.savePlan) throw new Error("a recorded preview has no plan: leave --json out");
  const text = options.json
    ? readFileSync(options.json, "utf8")
    : runPreview(stack, { plan: options.savePlan });
  const redact = redactor(options.json ? [] : secretValues(stack));
  const preview = redactAll(parsePreview(text), redact);
  const review = reviewOf(stack, preview, revisionsAfter);
  console.log(renderText(review));
  if (options.markdown) writeFileSync(options.markdown, renderMarkdown(review));
  if (isRefused(preview)) process.exitCode = 1;
}

try {
  main();
} catch (error) {
  console.error(`ops/preview: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
