import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

import { labelled, services } from "./docker";
import { eventLog, readEvents } from "./events";
import { requestUntilHealthy } from "./http";
import { killTree } from "./processes";
import type { Project } from "./project";

/** Begins and ends of the steps that a deploy has taken so far. */
function progress(log: string): string[] {
  return readEvents(log).map(({ resourcePreEvent, resOutputsEvent }) => {
    const { op, urn } = (resourcePreEvent ?? resOutputsEvent)!.metadata;
    return `${resourcePreEvent ? "begin" : "end"} of ${op} ${urn.split("::").at(-1)}`;
  });
}

/** Kills the engine with its language host, its plugins and their hooks. */
const killDeploy = (engine: ChildProcess) => killTree(engine.pid!);

/**
 * Deploys, and does something bad at a moment.
 *
 * @param moment after how many begins and ends of steps, or when this has happened; the deploy ends by itself where it does not
 * @returns what the engine had said it began and ended
 */
export async function deployAndKill(
  project: Project,
  moment: number | Promise<unknown> = Infinity,
  hurt: (engine: ChildProcess) => void = killDeploy,
): Promise<string[]> {
  const log = eventLog(project.directory);
  const child = spawn(
    "pulumi",
    ["up", "--yes", "--skip-preview", "--stack", project.stackName, ...log.args],
    {
      cwd: project.directory,
      env: { ...process.env, ...project.environment, ...log.environment },
      stdio: "ignore",
    },
  );
  const ended = once(child, "exit");
  if (typeof moment === "number") {
    while (child.exitCode === null && progress(log.path).length < moment)
      await new Promise((later) => setTimeout(later, 5));
  } else await Promise.race([ended, moment]);
  if (child.exitCode === null) hurt(child);
  await ended;
  return progress(log.path);
}

/** Waits until something happens to a container of a service. Listens from the moment that it is called. */
export async function nextEvent(project: Project, service: string, event: "start" | "die"): Promise<void> {
  const labels = [`dating.stack=${project.prefix}`, `dating.service=${service}`];
  const filters = [`event=${event}`, ...labels.map((label) => `label=${label}`)];
  const events = spawn("docker", ["events", ...filters.flatMap((filter) => ["--filter", filter])], {
    stdio: ["ignore", "pipe", "inherit"],
    env: process.env,
  });
  await once(events.stdout, "data");
  events.kill();
}

/** Runs a command after another one was killed: again, for as long as what that has begun is at work and has its lock. */
export async function runAfterKill(
  project: Project,
  ...words: string[]
): Promise<ReturnType<Project["attempt"]>> {
  for (;;) {
    const answer = project.attempt("./dating", words);
    if (answer.status !== 3 || !answer.stderr.includes("is still at work")) return answer;
    await new Promise((later) => setTimeout(later, 500));
  }
}

/** Numbers of events spread evenly over a deploy that has so many. */
export function spread(points: number, events: number): number[] {
  return Array.from({ length: points }, (_, index) => Math.round(((index + 0.5) / points) * events));
}

/** What a stack has on the Docker host, by which an orphan is seen. */
export async function objects(project: Project): Promise<Record<string, number>> {
  const count = async (kind: "container" | "volume" | "network") =>
    (await labelled(kind, project.prefix)).length;
  return {
    containers: await count("container"),
    volumes: await count("volume"),
    networks: await count("network"),
  };
}

/** The way back that docs/troubleshooting.md tells: one command, and the next deploy. Returns what the command said. */
export async function recover(project: Project, url: string): Promise<string> {
  // Not project.run(), which would hold up the load of this process.
  const { stdout } = await promisify(execFile)("./dating", ["recover", project.stackName], {
    cwd: project.directory,
    env: { ...process.env, ...project.environment },
  });
  await project.up();
  await requestUntilHealthy(url);
  return stdout;
}

/** Fails unless a stack is exactly what its program says: nothing too much, nothing left to do. */
export async function expectConverged(project: Project, expected: Record<string, number>): Promise<void> {
  // A service with two containers is an error of services().
  await services(project.prefix);
  expect(await objects(project)).toEqual(expected);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
}
