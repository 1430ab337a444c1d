import type { ChildProcess } from "node:child_process";

/**
 * Leaves it to a deploy when to end, so that this process has the stack's lock as long as that works. A terminal gives its
 * Ctrl-C to both; a second one, which this process must not add, would end the deploy at once.
 *
 * @returns what takes that back
 */
export function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const wait = () => {};
  process.on("SIGTERM", pass).on("SIGHUP", pass).on("SIGINT", wait);
  return () => void process.off("SIGTERM", pass).off("SIGHUP", pass).off("SIGINT", wait);
}
