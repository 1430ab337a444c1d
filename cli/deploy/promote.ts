import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { projectName } from "../../config/project";
import { projectRoot } from "../../images/content";
import { lastDeployment } from "../../ops/promotion/deployment";
import { commitPromotion, promotions, takeBackPromotion } from "../../ops/promotion/record";
import { applySettings } from "../../ops/promotion/settings";
import { verify } from "../../ops/promotion/verify";
import { applyPlan } from "../../ops/review/apply";
import { lookAhead } from "../../ops/review/deploy";
import { renderText } from "../../ops/review/render";
import { missingSecrets } from "../../ops/stack/secret-values";
import { StackFile } from "../../ops/stack/file";
import { OperatorError } from "../../ops/stack/errors";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, dryRun, quiet, type CommonOptions } from "../command";
import { pruneAfterDeploy } from "../configuration/old-images";

interface Options extends CommonOptions {
  from?: string;
  to: string;
  list?: true;
}

/** Shows what a changed file of the stack would do, and saves that as a plan. @throws when it is refused */
function preview(file: StackFile, folder: string, plan: string): void {
  const configFile = join(folder, `Pulumi.${file.stack}.yaml`);
  writeFileSync(configFile, file.text(), { mode: 0o600 });
  const { review, refused } = lookAhead(file.stack, { plan, configFile });
  console.log(renderText(review));
  if (refused) throw new OperatorError(`${file.stack} cannot be deployed like that; nothing was changed`);
}

/** A commit takes the whole file: what somebody else has changed in it must not be promoted on the way. */
function requireCommitted(file: string): void {
  const status = execFileSync("git", ["status", "--porcelain", "--", file], {
    cwd: projectRoot,
    encoding: "utf8",
  });
  if (status.trim() !== "")
    throw new OperatorError(`${file} has changes that are in no commit: commit or drop them first`);
}

async function release(source: string, options: Options, folder: string): Promise<void> {
  const { to } = options;
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
      `${to} has no ${projectName}:${name}, and ${source} has. No secret is promoted; where the application needs it:\n` +
        `  pulumi config set --stack ${to} --secret --path '${projectName}:${name}'`,
    );
  }
  const plan = join(folder, "plan.json");
  preview(file, folder, plan);

  if (options.dryRun) return console.log("A dry run: nothing was changed.");
  let commit: string | undefined;
  if (changes.length === 0) {
    console.log(`Pulumi.${to}.yaml has all that ${source} was deployed with.`);
  } else {
    // Before the deploy, which records the commit that it is of.
    commit = commitPromotion(source, file, deployment, changes);
    console.log(`Committed as ${commit.slice(0, 10)}.`);
  }
  if (!options.yes) return console.log(`Deploy it: ./dating up ${to}`);
  try {
    await applyPlan(to, plan, { message: `Promote ${source} to ${to}: deployed ${deployment.endTime}` });
  } catch (error) {
    if (commit && error instanceof Error) error.message += `\n${afterFailure(file, commit)}`;
    throw error;
  }
  pruneAfterDeploy(to);
}

function afterFailure(file: StackFile, commit: string): string {
  const { stack } = file;
  const look = `What runs: ./dating status ${stack}; the last good release again: ./dating rollback ${stack}`;
  return takeBackPromotion(file, commit)
    ? `The promotion's commit was taken back. ${look}`
    : `The promotion's commit ${commit.slice(0, 10)} is not the last one any more and stays; take it back: git revert ${commit.slice(0, 10)}\n${look}`;
}

async function promote(options: Options): Promise<void> {
  const { from, to, list } = options;
  if (list) return void process.stdout.write(promotions(to));
  if (!from) throw new OperatorError("name the stack that is promoted: --from STACK");
  if (from === to) throw new OperatorError("a stack is not promoted to itself");
  const folder = mkdtempSync(join(tmpdir(), "dating-promote-"));
  try {
    // Without a deploy only the stack's file changes, which Git looks after.
    if (options.yes && !options.dryRun) await changing(new Session(to), () => release(from, options, folder));
    else await release(from, options, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const command = define(
  "promote",
  "Gives one stack the images and release settings that were deployed and tested on another (--from). Refuses if that one\n" +
    "has drift, is not healthy, is not pinned by digest, or differs from what this checkout would deploy.\n" +
    "Shows the preview, and commits the change to Pulumi.STACK.yaml. Deploys only with --yes.",
  ["promote --from staging --to prod", "promote --from staging --to prod --yes", "promote --to prod --list"],
)
  .requiredOption("--to <stack>", "the stack that gets the release")
  .option("--from <stack>", "the stack that has the release")
  .option("--list", "only list earlier promotions to the stack: when, by whom, from which deployment")
  .option("--yes", "also deploy exactly what the preview shows, without asking")
  .addOption(dryRun())
  .addOption(quiet());
act(command, promote);
