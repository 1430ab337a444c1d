import { spawnSync } from "node:child_process";

import { projectRoot } from "../../images/content";
import { pulumi } from "../pulumi";
import { isQuiet } from "../quiet";
import { OperatorError, Refused } from "../stack/errors";
import { holdersIn, refuseRunning, waitForIt } from "./lock";

/**
 * Brings a stack's state up to its Docker host, without what never ended. Where the backend has the lock of a deploy that is
 * gone, that is removed first.
 *
 * @param force also when the deploy may still be at work
 * @throws Refused while it may, and OperatorError where the engine fails
 */
export function refreshState(stack: string, force: boolean): void {
  const said = refresh(stack);
  if (said === undefined) return;
  const holders = holdersIn(said);
  if (holders === undefined) throw new OperatorError("pulumi refresh failed: see above");
  refuseRunning(stack, holders, force);
  // Whom the backend does not name may be at work.
  if (holders.length === 0 && !force)
    throw new Refused(`Stack ${stack} is being deployed, says the backend. ${waitForIt(stack)}`);
  console.log("Removing the lock of a deploy that is gone: pulumi cancel");
  pulumi(["cancel", "--yes", "--stack", stack]);
  if (refresh(stack) !== undefined) throw new OperatorError("pulumi refresh failed: see above");
}

/** @returns the engine's error, which is on the screen, too; undefined where there is none */
function refresh(stack: string): string | undefined {
  const quiet = isQuiet();
  const args = ["refresh", "--clear-pending-creates", "--yes", "--skip-preview", "--stack", stack];
  const { status, stdout, stderr, error } = spawnSync("pulumi", args, {
    cwd: projectRoot,
    encoding: "utf8",
    env: process.env,
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["inherit", quiet ? "pipe" : "inherit", "pipe"],
  });
  if (error) throw error;
  process.stderr.write(stderr);
  if (status === 0) return undefined;
  // Pulumi tells most of its errors among its results.
  if (quiet) process.stderr.write(stdout);
  return stderr;
}
