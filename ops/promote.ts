import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { program } from "commander";

import { projectRoot } from "../images/content";
import { revisionsAfter } from "../images/revisions";
import { lastDeployment } from "./promotion/deployment";
import { commitPromotion, promotions } from "./promotion/record";
import { applySettings } from "./promotion/settings";
import { verify } from "./promotion/verify";
import { applyPlan } from "./review/apply";
import { runPreview, secretValues } from "./review/engine";
import { renderText } from "./review/render";
import { isRefused, reviewOf } from "./review/review";
import { parsePreview } from "./review/schema";
import { redactAll, redactor } from "./review/values";
import { missingSecrets } from "./secret-values";
import { StackFile } from "./stack-file";

program
  .name("ops/promote")
  .description(
    "Gives a stack the images and the release's settings that another one was deployed and tested with.\n" +
      "Refuses what has drift, is not healthy, is not pinned by digest, or is not what this checkout would deploy.\n" +
      "Shows the preview, and writes the change to Pulumi.STACK.yaml as a commit.",
  )
  .requiredOption("--to <stack>", "the stack that gets it")
  .option("--from <stack>", "the stack that has it")
  .option("--yes", "also deploy what the preview shows: that, or nothing")
  .option("--list", "only list what was promoted to the stack: when, by whom, from which deployment")
  .parse();
const { from, to, yes, list } = program.opts<{ from?: string; to: string; yes?: true; list?: true }>();

/** Shows what a changed file of the stack would do, and saves that as a plan. @throws when it is refused */
function preview(file: StackFile, folder: string, plan: string): void {
  const configFile = join(folder, `Pulumi.${file.stack}.yaml`);
  writeFileSync(configFile, file.text(), { mode: 0o600 });
  const redact = redactor(secretValues(file.stack));
  const previewed = redactAll(parsePreview(runPreview(file.stack, { plan, configFile })), redact);
  console.log(renderText(reviewOf(file.stack, previewed, revisionsAfter)));
  if (isRefused(previewed))
    throw new Error(`${file.stack} cannot be deployed like that; nothing was changed`);
}

/** A commit takes the whole file: what somebody else has changed in it must not be promoted on the way. */
function requireCommitted(file: string): void {
  const status = execFileSync("git", ["status", "--porcelain", "--", file], {
    cwd: projectRoot,
    encoding: "utf8",
  });
  if (status.trim() !== "")
    throw new Error(`${file} has changes that are in no commit: commit or drop them first`);
}

async function promote(source: string, folder: string): Promise<void> {
  const file = new StackFile(to);
  requireCommitted(`Pulumi.${to}.yaml`);
  const deployment = lastDeployment(source);
  const { images } = await verify(source, deployment);
  const changes = applySettings(file, images, deployment);
  for (const { key, before = "nothing", after = "nothing" } of changes) {
    console.log(`${key}:\n  ${before}\n  → ${after}`);
  }
  for (const name of missingSecrets(new StackFile(source), file)) {
    console.log(
      `${to} has no dating:botSecrets.${name}, and ${source} has. No secret is promoted; where the bot needs it:\n` +
        `  pulumi config set --stack ${to} --secret --path 'dating:botSecrets.${name}'`,
    );
  }
  const plan = join(folder, "plan.json");
  preview(file, folder, plan);

  if (changes.length === 0) {
    console.log(`Pulumi.${to}.yaml has all that ${source} was deployed with.`);
  } else {
    file.save();
    console.log(`Committed as ${commitPromotion(source, to, deployment, changes)}.`);
  }
  if (yes) await applyPlan(to, plan, `Promote ${source} to ${to}: deployed ${deployment.endTime}`);
  else console.log(`Deploy it: pulumi up --stack ${to}`);
}

async function main(): Promise<void> {
  if (list) process.stdout.write(promotions(to));
  else if (!from) throw new Error("name the stack that is promoted: --from STACK");
  else if (from === to) throw new Error("a stack is not promoted to itself");
  else {
    const folder = mkdtempSync(join(tmpdir(), "dating-promote-"));
    try {
      await promote(from, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

main().catch((error: unknown) => {
  console.error(`ops/promote: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
