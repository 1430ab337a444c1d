import { spawnSync } from "node:child_process";

import { projectName } from "../../config/project";
import { requireDeployed, Session } from "../../ops/stack/session";
import { act, define } from "../command";
import { containerOf } from "../containers";
import { isOnSwarm } from "../on-swarm";

interface Options {
  follow?: true;
  tail: string;
  since?: string;
}

function logs(stack: string, service: string, { follow, tail, since }: Options): number {
  const session = new Session(stack);
  if (isOnSwarm(stack)) return swarmLogs(session, service, { follow, tail, since });
  const { Id } = containerOf(session, service, { stopped: true });
  return run(session, ["logs"], { follow, tail, since }, Id);
}

/** Of all tasks, on all nodes. */
function swarmLogs(session: Session, service: string, options: Options): number {
  requireDeployed(session);
  return run(session, ["service", "logs"], options, `${projectName}-${session.stack}-${service}`);
}

function run(session: Session, command: string[], { follow, tail, since }: Options, of: string): number {
  const options = [...(follow ? ["--follow"] : []), "--tail", tail, ...(since ? ["--since", since] : [])];
  const { status, error } = spawnSync("docker", [...command, ...options, of], {
    env: session.environment,
    stdio: "inherit",
  });
  if (error) throw error;
  // Ended by Ctrl-C, as one that follows is.
  return status ?? 0;
}

export const command = define(
  "logs",
  "Shows the log of a service's container, or of its last one if none runs. Docker keeps this log; older logs are in Loki.",
  ["logs prod bot", "logs prod bot --follow --tail 20", "logs prod postgres --since 1h"],
)
  .argument("<stack>")
  .argument("<service>", "as ./dating status lists it")
  .option("-f, --follow", "keep printing new lines until Ctrl-C")
  .option("-n, --tail <lines>", "how many of the last lines: a number, or all", "100")
  .option("--since <time>", "only lines since then: 10m, 1h, or a time as in 2026-01-02T15:04:05");
act(command, logs);
