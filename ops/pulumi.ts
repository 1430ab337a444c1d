import { spawnSync } from "node:child_process";

import { projectRoot } from "../images/content";
import { isQuiet } from "./quiet";
import { OperatorError } from "./stack/errors";

/**
 * Runs the Pulumi CLI in the project's folder and shows what it prints; with `--quiet` only its errors.
 *
 * @throws OperatorError when it fails; the reason is on the screen
 */
export function pulumi(args: string[], env: NodeJS.ProcessEnv = process.env): void {
  const quiet = isQuiet();
  const { status, stdout, error } = spawnSync("pulumi", args, {
    cwd: projectRoot,
    env,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["inherit", quiet ? "pipe" : "inherit", "inherit"],
  });
  if (error) throw error;
  if (status === 0) return;
  // Pulumi tells most of its errors among its results.
  if (quiet) process.stderr.write(stdout);
  throw new OperatorError(`pulumi ${args[0]} failed: see above`);
}
