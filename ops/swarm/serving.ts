import type { Deadline } from "../../hooks/lib/docker.mts";
import { edgeOf, routeOf } from "../../hooks/lib/edge/edge.mts";
import { lookAt, type ProbeAnswer } from "../../hooks/lib/edge/served.mts";
import { awaitReleaseServed } from "../../hooks/lib/release.mts";
import { asContainer, releaseOf, type Release } from "../../hooks/lib/swarm.mts";
import type { DeployedResource } from "../stack/deployment";

/** A release that serves, and what one of its tasks answers where the edge leads to it. */
export interface ServingRelease {
  service: string;
  answers: ProbeAnswer[];
}

/** The releases that a stack's last deploys have seen serving, as its hooks were told of them. */
export function deployedReleases(resources: DeployedResource[]): Release[] {
  const told = resources.flatMap(({ inputs, replaced }) => {
    const { RELEASE } = (inputs.environment ?? {}) as Record<string, unknown>;
    return typeof RELEASE === "string" && !replaced ? [RELEASE] : [];
  });
  return [...new Set(told)].flatMap((each) => releaseOf(each) ?? []);
}

/**
 * Waits until a release serves, as a deploy does.
 *
 * @throws when it does not in time; the message says why
 * @throws CouldNotAsk
 */
export async function awaitServing(release: Release, deadline: Deadline): Promise<ServingRelease> {
  const { service, tasks } = await awaitReleaseServed(release, deadline);
  // Of a service that somebody has scaled to nothing, every task is as it is to be.
  if (tasks.length === 0) throw new Error("it has no task that runs");
  const [first] = tasks.map((task) => asContainer(task, service));
  const route = first && routeOf(first);
  const answers = route ? (await lookAt(edgeOf(first, deadline), route, first)).answers : [];
  return { service: service.Spec.Labels?.["dating.service"] ?? release.service, answers };
}
