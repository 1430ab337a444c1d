import { existsSync } from "node:fs";
import { join } from "node:path";

import { servicesFor } from "../../config/keys";
import { isMadeByItself } from "../../config/stack/kind";
import { projectRoot } from "../../images/content";
import { buildImages, imagesUsedBy } from "../../ops/images/builds";
import { announced } from "../../ops/notices";
import { deploy } from "../../ops/progress/deploy";
import { pulumi } from "../../ops/pulumi";
import { applyPlan } from "../../ops/review/apply";
import { backendInWords } from "../../ops/stack/backend";
import { OperatorError, Refused } from "../../ops/stack/errors";
import { Session } from "../../ops/stack/session";
import { logCollectorIn, StackFile } from "../../ops/stack/file";
import { changing } from "../change";
import { act, define, dryRun, fromCaller, quiet, type CommonOptions } from "../command";
import { pruneAfterDeploy } from "../configuration/old-images";
import { isOnSwarm } from "../on-swarm";
import { showPreview } from "./preview";
import { showStatus } from "../look/status";

interface Options extends CommonOptions {
  plan?: string;
}

async function up(stack: string, { plan, dryRun: dry }: Options): Promise<number | void> {
  const session = new Session(stack);
  if (plan && !existsSync(plan))
    throw new OperatorError(`there is no plan ${plan}. Save one: ${anew(stack, plan)}`);
  if (!session.exists && !isMadeByItself(stack))
    throw new Refused(
      `there is no stack ${stack} in the state ${backendInWords(session.backend)}, and only dev and previews are made by themselves. ` +
        `Make it: ./dating init ${stack}`,
    );
  if (dry) {
    if (!session.exists)
      throw new OperatorError(`stack ${stack} is new: ./dating up ${stack} makes it, with all that it has`);
    return showPreview(stack, {});
  }
  await changing(session, async () => {
    if (!session.exists) pulumi(["stack", "init", stack, "--no-select"]);
    await buildImages(imagesUsedBy(stack));
    if (plan) await apply(stack, plan);
    else {
      const args = ["up", "--stack", stack, "--yes", "--skip-preview", "--policy-pack", "policy"];
      await announced(stack, () => deploy(stack, args, session.environment, servicesOf(stack)));
    }
    console.log();
    await showStatus(stack);
    // Nobody looks for old images on the nodes of a swarm yet.
    if (!isOnSwarm(stack)) pruneAfterDeploy(stack);
  });
}

/** The services that a stack is to have, as far as its file tells. */
function servicesOf(stack: string): readonly string[] {
  if (!existsSync(join(projectRoot, `Pulumi.${stack}.yaml`))) return [];
  const file = new StackFile(stack);
  const monitoring = String(file.value("monitoring")) === "true";
  return servicesFor(monitoring, logCollectorIn(file), file.value("backupVerify") !== undefined);
}

async function apply(stack: string, plan: string): Promise<void> {
  try {
    await applyPlan(stack, plan);
  } catch (error) {
    if (error instanceof Error)
      error.message += `\nLook at what a deploy would do now, and save that: ${anew(stack, plan)}`;
    throw error;
  }
}

const anew = (stack: string, plan: string) => `./dating preview ${stack} --save-plan ${plan}`;

export const command = define(
  "up",
  "Deploys a stack, with the images that it needs, and prints its addresses. Does not ask: look at `./dating preview` first.\n" +
    "Makes dev and preview stacks by itself; make any other stack with `./dating init` first.",
  ["up dev", "up prod --dry-run", "up prod --plan plan.json"],
)
  .argument("<stack>")
  .option(
    "--plan <file>",
    "deploy exactly what `./dating preview STACK --save-plan FILE` showed; stop if anything differs",
    fromCaller,
  )
  .addOption(dryRun())
  .addOption(quiet());
act(command, up);
