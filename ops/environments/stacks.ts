import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../images/content";
import { removeWithData } from "../stack/remove";
import { isPreview } from "../../config/stack/kind";

/** A stack, as its backend knows it. */
export interface Environment {
  stack: string;
  /** When it was deployed last; undefined while it never was. */
  deployed?: Date;
  resources: number;
}

/** All stacks that the backend has. @throws when the CLI cannot ask it; its message goes to standard error */
export function allStacks(): Environment[] {
  const text = execFileSync("pulumi", ["stack", "ls", "--json"], {
    encoding: "utf8",
    env: process.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stacks = JSON.parse(text) as { name: string; lastUpdate?: string; resourceCount?: number }[];
  return stacks.map(({ name, lastUpdate, resourceCount = 0 }) => ({
    // A shared backend puts the organisation in front.
    stack: name.split("/").at(-1)!,
    deployed: lastUpdate ? new Date(lastUpdate) : undefined,
    resources: resourceCount,
  }));
}

/** All preview environments, the oldest first. */
export function environments(): Environment[] {
  return allStacks()
    .filter(({ stack }) => isPreview(stack))
    .sort((a, b) => (a.deployed?.getTime() ?? 0) - (b.deployed?.getTime() ?? 0));
}

/**
 * The environments that were not deployed since a time, and those that never were: such a one may be in the making, whose images
 * take minutes, so its age tells nothing.
 *
 * @param limit in milliseconds; undefined: no age was named
 */
export function notDeployedSince(
  all: Environment[],
  limit: number | undefined,
): { old: Environment[]; undeployed: Environment[] } {
  if (limit === undefined) return { old: [], undeployed: [] };
  return {
    old: all.filter(({ deployed }) => deployed && deployed.getTime() < limit),
    undeployed: all.filter(({ deployed }) => !deployed),
  };
}

/** Removes an environment with all of its data, its stack and its file. */
export function remove(stack: string): void {
  removeWithData(stack);
  execFileSync("pulumi", ["stack", "rm", stack, "--yes"], { stdio: ["ignore", "ignore", "inherit"] });
  rmSync(join(projectRoot, `Pulumi.${stack}.yaml`), { force: true });
}
