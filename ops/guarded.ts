import { join } from "node:path";

import { projectRoot } from "../images/content";

/** Arguments of Node.js that run a hook without showing what it reads, as a deploy does (`hooks/guarded.mjs`). */
export function guarded(hook: string, ...args: string[]): string[] {
  return [join(projectRoot, "hooks/guarded.mjs"), "--", "bash", join(projectRoot, hook), ...args];
}

/** Whether a command makes a role in the database: its input is the role's password, and its environment says which. */
export function provisionsRole({ inputs }: { inputs: Record<string, unknown> }): boolean {
  return /(^| )bash hooks\/provision-\w+\.sh$/.test(String(inputs.create));
}
