import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { program } from "commander";

import { projectRoot } from "../images/content";
import { lastDeployment } from "./promotion/deployment";
import { commitPromotion, promotions } from "./promotion/record";
import { applySettings } from "./promotion/settings";
import { verify } from "./promotion/verify";
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
  .option("--yes", "also deploy it")
  .option("--list", "only list what was promoted to the stack: when, by whom, from which deployment")
  .parse();
const { from, to, yes, list } = program.opts<{ from?: string; to: string; yes?: true; list?: true }>();

/** Shows what a changed file of the stack would do. @throws when the preview fails */
function preview(file: StackFile): void {
  const folder = mkdtempSync(join(tmpdir(), "dating-promote-"));
  try {
    const candidate = join(folder, `Pulumi.${file.stack}.yaml`);
    writeFileSync(candidate, file.text(), { mode: 0o600 });
    pulumi("preview", "--stack", file.stack, "--config-file", candidate, "--policy-pack", "policy");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pulumi(...args: string[]): void {
  const { status } = spawnSync("pulumi", args, { cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`pulumi ${args[0]} failed`);
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

async function promote(source: string): Promise<void> {
  const file = new StackFile(to);
  requireCommitted(`Pulumi.${to}.yaml`);
  const deployment = lastDeployment(source);
  const { images } = await verify(source, deployment);
  const changes = applySettings(file, images, deployment);
  for (const { key, before = "nothing", after = "nothing" } of changes) {
    console.log(`${key}:\n  ${before}\n  → ${after}`);
  }
  preview(file);

  if (changes.length === 0) {
    console.log(`Pulumi.${to}.yaml has all that ${source} was deployed with.`);
  } else {
    file.save();
    console.log(`Committed as ${commitPromotion(source, to, deployment, changes)}.`);
  }
  if (!yes) {
    console.log(`Deploy it: pulumi up --stack ${to}`);
    return;
  }
  pulumi(
    ...["up", "--yes", "--skip-preview", "--stack", to],
    ...["--message", `Promote ${source} to ${to}: deployed ${deployment.endTime}`],
  );
}

async function main(): Promise<void> {
  if (list) process.stdout.write(promotions(to));
  else if (!from) throw new Error("name the stack that is promoted: --from STACK");
  else if (from === to) throw new Error("a stack is not promoted to itself");
  else await promote(from);
}

main().catch((error: unknown) => {
  console.error(`ops/promote: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
