import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { revisionsAfter } from "../../images/revisions";
import { progress } from "../quiet";
import { lastDeploy } from "../releases/last";
import { OperatorError } from "../stack/errors";
import { applyPlan, type ApplyOptions } from "./apply";
import { runPreview, secretValues, type Deploying, type PreviewOptions } from "./engine";
import { renderText, type Review } from "./render";
import { isRefused, reviewOf } from "./review";
import { parsePreview } from "./schema";
import { redactAll, redactor } from "./values";

/** What a deploy would change, for people: no secret is in it. */
export interface Look {
  review: Review;
  /** The engine or the policy pack refuses it. */
  refused: boolean;
  /** Why, in full. */
  reasons: string[];
}

/** Looks at what a deploy would change, and what was deployed last. @throws Error when there is no preview at all */
export function lookAhead(stack: string, options: PreviewOptions = {}): Look {
  const look = readPreview(stack, runPreview(stack, options), secretValues(stack, options.configFile));
  return { ...look, review: { ...look.review, last: lastDeploy(stack) } };
}

/** Reads what `pulumi preview --json` printed. @throws Error when it is something else */
export function readPreview(stack: string, text: string, secrets: string[]): Look {
  const preview = redactAll(parsePreview(text), redactor(secrets));
  return {
    review: reviewOf(stack, preview, revisionsAfter),
    refused: isRefused(preview),
    reasons: preview.diagnostics.flatMap(({ severity, message }) =>
      severity === "error" ? [message.trim()] : [],
    ),
  };
}

/** Deploys what was shown. @param message what the stack's history says of it */
export type Deploy = (message: string, options?: Pick<ApplyOptions, "atOnce">) => Promise<void>;

/**
 * Shows what a deploy would change, and does something with a deploy that does just that, or nothing. It is how every command
 * deploys that deploys something else than the stack's file says.
 *
 * @throws OperatorError, before anything is touched, where the engine or the policy pack refuses it
 */
export async function withReviewed<T>(
  stack: string,
  deploying: Deploying,
  action: (deploy: Deploy) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "dating-reviewed-"));
  try {
    const plan = join(folder, "plan.json");
    const { review, refused, reasons } = lookAhead(stack, { ...deploying, plan });
    progress(renderText(review));
    if (refused)
      throw new OperatorError(
        [`${stack} cannot be deployed like that. Nothing was changed.`, ...reasons].join("\n"),
      );
    return await action((message, options) => applyPlan(stack, plan, { ...deploying, ...options, message }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
