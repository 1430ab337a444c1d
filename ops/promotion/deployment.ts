import { execFileSync } from "node:child_process";

import { projectName } from "../../config/project";

/** A deployment of a stack, as its history has it. Values of secrets are not in it. */
export interface Deployment {
  /** Number of the update, where the backend counts them. */
  version: number;
  kind: string;
  result: string;
  /** ISO time at which it ended. */
  endTime: string;
  environment: Record<string, string>;
  config: Record<string, { value?: string; objectValue?: unknown; secret: boolean }>;
}

/**
 * The last thing that was done to a stack.
 *
 * @throws when the CLI cannot read the history, or it is empty
 */
export function lastDeployment(stack: string): Deployment {
  const text = execFileSync(
    "pulumi",
    ["stack", "history", "--json", "--full-dates", "--page", "1", "--page-size", "1", "--stack", stack],
    { encoding: "utf8", maxBuffer: 64 * 1024 * 1024, stdio: ["ignore", "pipe", "inherit"] },
  );
  const [last] = JSON.parse(text) as Deployment[];
  if (!last) throw new Error(`stack ${stack} was never deployed: pulumi up --stack ${stack}`);
  return last;
}

/** The value of a configuration key with which a deployment was made; undefined where it was the default. */
export function configured({ config }: Deployment, key: string): unknown {
  const entry = config[`${projectName}:${key}`];
  if (!entry || entry.secret) return undefined;
  if (entry.objectValue !== undefined) return entry.objectValue;
  try {
    const parsed: unknown = JSON.parse(entry.value ?? "");
    return parsed !== null && typeof parsed === "object" ? parsed : entry.value;
  } catch {
    return entry.value;
  }
}

/** The commit that was deployed, and whether the checkout had changes that were in no commit. */
export function commitOf({ environment }: Deployment): { head?: string; dirty: boolean } {
  return { head: environment["git.head"], dirty: environment["git.dirty"] === "true" };
}
