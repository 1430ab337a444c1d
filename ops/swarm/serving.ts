import { CouldNotAsk, type Deadline } from "../../hooks/lib/docker.mts";
import { edgeOf, routeOf } from "../../hooks/lib/edge/edge.mts";
import { lookAt, notServed } from "../../hooks/lib/edge/served.mts";
import { awaitReleaseServed } from "../../hooks/lib/release.mts";
import { asContainer, releaseOf, type Release } from "../../hooks/lib/swarm.mts";
import { projectName } from "../../config/project";
import type { DeployedResource } from "../stack/deployment";
import type { Serving } from "../status/serving";
import { serviceType } from "./status";

/** A Swarm service of a stack. */
export interface DeployedService {
  /** As `./dating status` lists it. */
  service: string;
  /** What its last deploy has seen serving, as its hook was told of it; undefined where none has ended. */
  release?: Release;
}

/** The Swarm services of a stack, as its state has them. */
export function deployedServices(stack: string, resources: DeployedResource[]): DeployedService[] {
  const releases = resources.flatMap(({ inputs, replaced }) => {
    const { RELEASE } = (inputs.environment ?? {}) as Record<string, unknown>;
    return typeof RELEASE === "string" && !replaced ? (releaseOf(RELEASE) ?? []) : [];
  });
  return resources
    .filter(({ type }) => type === serviceType)
    .map(({ inputs }) => ({
      service: String(inputs.name).slice(`${projectName}-${stack}-`.length),
      release: releases.find(({ service }) => service === inputs.name),
    }));
}

/**
 * Waits until a service does its work, as a deploy does: what speaks against it then, and what one of its tasks answers where
 * the edge leads to it.
 *
 * @throws CouldNotAsk
 */
export async function awaitServing({ release }: DeployedService, deadline: Deadline): Promise<Serving> {
  if (!release) return { answers: [], trouble: "no deploy of it has ended" };
  try {
    const { service, tasks } = await awaitReleaseServed(release, deadline);
    const [first] = tasks.map((task) => asContainer(task, service));
    // Of a service that somebody has scaled to nothing, every task is as it is to be.
    if (!first) return { answers: [], trouble: "it has no task that runs" };
    const route = routeOf(first);
    if (!route) return { answers: [] };
    const { wrong, state, answers } = await lookAt(edgeOf(first, deadline), route, first);
    return { route, answers, trouble: wrong && notServed(route, first, wrong, state) };
  } catch (error) {
    if (error instanceof CouldNotAsk) throw error;
    return { answers: [], trouble: (error as Error).message };
  }
}
