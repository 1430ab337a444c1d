import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { projectName } from "../../config/project";
import { lockVariable } from "../../host/marks/holder";
import { ServiceProgress, type ContainerEvent } from "./services";

/** The parts of what `docker events` prints that are read. */
interface Told {
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
}

/**
 * Follows what the services of a stack do, by one connection to its Docker host for all the time. Where the engine does not
 * tell, nothing is followed: a deploy does not need it.
 *
 * @param environment in which the Docker CLI talks to the stack's Docker host
 * @param expected the services that the stack is to have
 * @param changed is called with each change in words
 * @returns the progress, and what ends the following
 */
export function followServices(
  stack: string,
  environment: NodeJS.ProcessEnv,
  expected: readonly string[],
  changed: (text: string) => void,
): { progress: ServiceProgress; end: () => void } {
  const progress = new ServiceProgress(expected);
  const filter = ["--filter", `label=dating.stack=${projectName}-${stack}`];
  for (const event of present(filter, environment)) progress.take(event);
  const child = spawn(
    "docker",
    ["events", ...filter, "--filter", "type=container", "--format", "{{json .}}"],
    // It only looks: where this process is killed, what is left of it is not at work on the stack.
    { env: { ...environment, [lockVariable]: undefined }, stdio: ["ignore", "pipe", "ignore"] },
  );
  child.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = eventIn(line);
    const text = event && progress.take(event);
    if (text) changed(text);
  });
  return { progress, end: () => void child.kill() };
}

/** What a line tells; nothing where a connection that broke has cut it off. */
function eventIn(line: string): ContainerEvent | undefined {
  let told: Told;
  try {
    told = JSON.parse(line) as Told;
  } catch {
    return undefined;
  }
  const service = told.Actor.Attributes["dating.service"];
  return service ? { id: told.Actor.ID, service, action: told.Action } : undefined;
}

/** The containers that are there before, as events; the oldest first. */
function present(filter: readonly string[], environment: NodeJS.ProcessEnv): ContainerEvent[] {
  const format = '{{.ID}}\t{{.Label "dating.service"}}\t{{.State}}\t{{.Status}}';
  let listed: string;
  try {
    listed = execFileSync("docker", ["ps", "--all", "--no-trunc", ...filter, "--format", format], {
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return [];
  }
  return listed
    .split("\n")
    .map((line) => line.split("\t"))
    .flatMap(([id, service, state, status]): ContainerEvent[] =>
      service ? [{ id: id!, service, action: actionOf(state!, status!) }] : [],
    )
    .reverse();
}

function actionOf(state: string, status: string): string {
  if (state === "created") return "create";
  if (state !== "running") return "die";
  const [, health] = /\((healthy|unhealthy)\)/.exec(status) ?? [];
  return health ? `health_status: ${health}` : "start";
}
