import { Deadline, find, type Inspected } from "../../hooks/lib/docker.mts";
import { edgeOf, routeOf } from "../../hooks/lib/edge/edge.mts";
import { healthOf, staleAdvice } from "../../hooks/lib/health.mts";
import { timeFor } from "../../hooks/lib/healthy.mts";
import type { Route } from "../../hooks/lib/edge/route.mts";
import { lookAt, notServed, type ProbeAnswer } from "../../hooks/lib/edge/served.mts";

/** Whether a container does its work: what speaks against it, and what it answers where the edge leads to it. */
export interface Serving {
  trouble?: string;
  route?: Route;
  answers: ProbeAnswer[];
}

/**
 * Asks whether a container does its work, as a deploy does: Docker finds it healthy by a check that is not too old, and where
 * the edge leads to it, the edge sends requests to it alone and answers each path as the container itself does.
 *
 * @param id of the container
 * @param deadline until when Docker is asked
 * @throws CouldNotAsk
 */
export async function askServing(id: string, deadline: Deadline): Promise<Serving> {
  const container = await find(id, deadline);
  return container ? judgeServing(container, deadline) : { answers: [], trouble: "its container is gone" };
}

/** The same for a container that was looked at a moment ago. @throws CouldNotAsk */
export async function judgeServing(container: Inspected, deadline: Deadline): Promise<Serving> {
  const route = routeOf(container);
  const { Status: status, Running: runs } = container.State;
  if (!runs) return { route, answers: [], trouble: `its container does not run (${status})` };
  const health = healthOf(container, await timeFor(container, deadline));
  if (health === "unknown") return { route, answers: [], trouble: staleAdvice(container) };
  if (health !== "healthy") return { route, answers: [], trouble: `it is ${health}` };
  if (!route) return { answers: [] };
  const { wrong, state, answers } = await lookAt(edgeOf(container, deadline), route, container, true);
  return { route, answers, trouble: wrong && notServed(route, container, wrong, state) };
}
