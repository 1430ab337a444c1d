import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

import { labelled, services } from "./docker";
import { eventLog, readEvents } from "./events";
import { requestUntil } from "./http";
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
 * Deploys, and does something bad right after the n-th event.
 *
 * @param events after how many begins and ends of steps; the deploy ends by itself where there are not so many
 * @returns what the engine had said it began and ended
 */
export async function deployAndKill(
  project: Project,
  events = Infinity,
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
  while (child.exitCode === null && progress(log.path).length < events)
    await new Promise((later) => setTimeout(later, 5));
  if (child.exitCode === null) hurt(child);
  await ended;
  return progress(log.path);
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

/** The way back that the README tells: one command, and the next deploy. Returns what the command said. */
export async function recover(project: Project, url: string): Promise<string> {
  // Not project.run(), which would hold up the load of this process.
  const { stdout } = await promisify(execFile)("ops/recover", [project.stackName], {
    cwd: project.directory,
    env: { ...process.env, ...project.environment },
  });
  await project.up();
  await requestUntil(`${url}/health`, 200);
  return stdout;
}

/** Fails unless a stack is exactly what its program says: nothing too much, nothing left to do. */
export async function expectConverged(project: Project, expected: Record<string, number>): Promise<void> {
  // A service with two containers is an error of services().
  await services(project.prefix);
  expect(await objects(project)).toEqual(expected);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
}
