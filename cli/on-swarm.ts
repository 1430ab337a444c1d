import { existsSync } from "node:fs";
import { join } from "node:path";

import type { Command } from "commander";

import { projectName } from "../config/project";
import { projectRoot } from "../images/content";
import { StackFile } from "../ops/stack/file";
import { Refused } from "../ops/stack/errors";

/** The commands that work on a stack whose services a swarm runs. What else there is looks at containers of one host. */
const working = [
  "alembic",
  "doctor",
  "down",
  "exec",
  "images build",
  "images lock",
  "images push",
  "init",
  "logs",
  "preview",
  "secrets list",
  "secrets set",
  "smoke",
  "state",
  "status",
  "up",
];

/** Options of them that do not. */
const notWorking: Record<string, string[]> = {
  preview: ["markdown"],
  status: ["html", "watch"],
};

/** Whether a stack's file says that a swarm runs its services. */
export function isOnSwarm(stack: string): boolean {
  if (!/^[\w-]+$/.test(stack) || !existsSync(join(projectRoot, `Pulumi.${stack}.yaml`))) return false;
  return new StackFile(stack).get("orchestrator") === "swarm";
}

/**
 * Refuses, before anything is touched, what does not work yet on a stack that a swarm runs: half of it would be done, or
 * something else would be looked at than what runs.
 *
 * @throws Refused
 */
export function requireWorking(command: Command): void {
  const stack = command.args.find(isOnSwarm);
  if (stack === undefined) return;
  const name = nameOf(command);
  const works = working.some((each) => name === each || name.startsWith(`${each} `));
  const option = (notWorking[name] ?? []).find((each) => command.getOptionValue(each) !== undefined);
  if (works && option === undefined) return;
  const what = works
    ? `${name} --${option!.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    : name;
  throw new Refused(
    `./dating ${what} does not work yet on a stack with ${projectName}:orchestrator swarm, as ${stack} has; nothing was changed. ` +
      `What works: docs/several-hosts.md`,
  );
}

/** As it is typed, without `./dating`. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}
