import { readFileSync, writeFileSync } from "node:fs";

import { changesShape } from "../../ops/review/changes";
import { lookAhead, readPreview, type Look } from "../../ops/review/deploy";
import { renderFailure, renderMarkdown, renderText, type Review } from "../../ops/review/render";
import { OperatorError } from "../../ops/stack/errors";
import { act, define, fromCaller, json, printJson, type CommonOptions } from "../command";

interface Options extends CommonOptions {
  recorded?: string;
  savePlan?: string;
  markdown?: string;
  stateOnly?: true;
}

/** The stack as it is to be, where it gets another shape. */
async function pictureOf(stack: string, { changes }: Review, options: Options): Promise<string | undefined> {
  if (options.recorded !== undefined || !changesShape(changes)) return undefined;
  // Loaded when it is needed: it takes the whole program with it.
  const [{ mermaid }, { graphOf }, { registrations }] = await Promise.all([
    import("../../ops/drawing/draw.js"),
    import("../../ops/drawing/model.js"),
    import("../../ops/drawing/registrations.js"),
  ]);
  return mermaid(graphOf(stack, await registrations(stack)));
}

/** Where there is no preview, the comment says so, too: only what is ours, as nobody knows the secrets to take out of the rest. */
function look(stack: string, { recorded, savePlan, stateOnly, markdown }: Options): Look {
  try {
    return recorded
      ? readPreview(stack, readFileSync(recorded, "utf8"), [])
      : lookAhead(stack, { plan: savePlan, stateOnly });
  } catch (error) {
    const reason = error instanceof OperatorError ? error.message : "The log of the job says why.";
    if (markdown) writeFileSync(markdown, renderFailure(stack, reason));
    throw error;
  }
}

/** Shows what a deploy would change. @returns 1 where it would be refused */
export async function showPreview(stack: string, options: Options): Promise<number | void> {
  if (options.recorded && options.savePlan)
    throw new OperatorError("a recorded preview has no plan: leave --recorded out");
  if (options.stateOnly && options.savePlan)
    throw new OperatorError("a plan is made of what is on the Docker host: leave --state-only out");
  const { review, refused } = look(stack, options);
  if (options.json) printJson({ ...review, refused });
  else console.log(renderText(review));
  if (options.markdown) {
    const picture = refused ? undefined : await pictureOf(stack, review, options);
    writeFileSync(options.markdown, renderMarkdown(review, picture));
  }
  return refused ? 1 : undefined;
}

export const command = define(
  "preview",
  "Shows what a deploy of the checkout would change: risks first, then each service in words, then every change.\n" +
    "Values are shown only where they cannot hold a secret.",
  ["preview prod", "preview prod --save-plan plan.json", "preview prod --markdown build/preview.md"],
)
  .argument("<stack>")
  .option(
    "--recorded <file>",
    "read a file that `pulumi preview --json` printed, instead of running a preview",
    fromCaller,
  )
  .option("--save-plan <file>", "also write the plan, for `./dating up STACK --plan FILE`", fromCaller)
  .option("--markdown <file>", "also write the summary as a comment for a pull request", fromCaller)
  .option(
    "--state-only",
    "compare with the state alone, if the Docker host cannot be reached; says what this leaves out",
  )
  .addOption(json());
act(command, showPreview);
