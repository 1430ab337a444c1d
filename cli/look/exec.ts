import { spawnSync } from "node:child_process";

import { Session } from "../../ops/stack/session";
import { act, define } from "../command";
import { containerOf } from "../containers";

function exec(stack: string, service: string, words: string[], { user }: { user?: string }): number {
  const session = new Session(stack);
  const { Id } = containerOf(session, service);
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  const options = ["--interactive", ...(terminal ? ["--tty"] : []), ...(user ? ["--user", user] : [])];
  const { status, error } = spawnSync("docker", ["exec", ...options, Id, ...words], {
    env: session.environment,
    stdio: "inherit",
  });
  if (error) throw error;
  return status ?? 1;
}

export const command = define(
  "exec",
  "Runs a command in the container of a service, with a terminal where there is one. Ends with the command's exit code.",
  ["exec prod bot -- python --version", "exec --user postgres prod postgres -- psql --dbname dating"],
)
  .argument("<stack>")
  .argument("<service>", "as ./dating status lists it")
  .argument("<command...>", "the command to run, after --")
  .option("-u, --user <name>", "the user to run it as (default: the container's own)");
act(command, exec);
