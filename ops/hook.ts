import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { projectRoot } from "../images/content";

/**
 * Runs one of the program's hooks in TypeScript, which says for people what is wrong.
 *
 * @param environment what the hook is told, and Docker's address
 * @returns whether it ended well
 */
export function runHook(name: "gate" | "drain" | "switch", environment: NodeJS.ProcessEnv): boolean {
  const { status } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(projectRoot, `hooks/${name}.mts`)],
    { env: { ...process.env, ...environment }, stdio: ["ignore", "inherit", "inherit"] },
  );
  return status === 0;
}
