import { readFileSync, writeFileSync } from "node:fs";

import { program } from "commander";

import { revisionsAfter } from "../images/revisions";
import { changesShape } from "./review/changes";
import { runPreview, secretValues } from "./review/engine";
import { renderMarkdown, renderText, type Review } from "./review/render";
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

/** The stack as it is to be, where it gets another shape. */
async function pictureOf({ changes }: Review): Promise<string | undefined> {
  if (options.json !== undefined || !changesShape(changes)) return undefined;
  // Loaded when it is needed: it takes the whole program with it.
  const [{ mermaid }, { graphOf }, { registrations }] = await Promise.all([
    import("./drawing/draw.js"),
    import("./drawing/model.js"),
    import("./drawing/registrations.js"),
  ]);
  return mermaid(graphOf(stack, await registrations(stack)));
}

async function main(): Promise<void> {
  if (options.json && options.savePlan) throw new Error("a recorded preview has no plan: leave --json out");
  const text = options.json
    ? readFileSync(options.json, "utf8")
    : runPreview(stack, { plan: options.savePlan });
  const redact = redactor(options.json ? [] : secretValues(stack));
  const preview = redactAll(parsePreview(text), redact);
  const review = reviewOf(stack, preview, revisionsAfter);
  console.log(renderText(review));
  if (options.markdown) {
    const picture = isRefused(preview) ? undefined : await pictureOf(review);
    writeFileSync(options.markdown, renderMarkdown(review, picture));
  }
  if (isRefused(preview)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(`ops/preview: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
