/*
 * The Docker CLI, which waits for its turn before it opens sessions over SSH. For hooks in bash (hooks/docker.sh).
 *   arguments   the Docker CLI's
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";

import { turn } from "./lib/turns.mts";

const args = process.argv.slice(2);
const end = await turn(args);
const child = spawn("docker", args, { stdio: "inherit" });
// Whoever ends this ends the call.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 127;
});
child.on("close", (code, signal) => {
  process.exitCode ??= code ?? 128 + constants.signals[signal!];
});
child.on("close", end);
