import { awaitConverged, type Converged } from "./converged.mts";
import type { Deadline } from "./docker.mts";
import { awaitServed } from "./edge/served.mts";
import { asContainer, type Release } from "./swarm.mts";

/**
 * Waits until every task of a Swarm service is one of a release, and healthy; and where the edge leads to the service, until it
 * sends each of them requests and answers as the task itself does.
 *
 * @returns the service, and these tasks
 * @throws when that is not so in time; the message says why
 * @throws CouldNotAsk
 */
export async function awaitReleaseServed(release: Release, deadline: Deadline): Promise<Converged> {
  const converged = await awaitConverged(release, deadline);
  const { service, tasks } = converged;
  await Promise.all(tasks.map((task) => awaitServed(asContainer(task, service), deadline)));
  return converged;
}
