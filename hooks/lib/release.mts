import { awaitConverged } from "./converged.mts";
import type { Deadline } from "./docker.mts";
import { awaitServed } from "./edge/served.mts";
import { asContainer, type Release } from "./swarm.mts";

/**
 * Waits until every task of a Swarm service is one of a release, and healthy; and where the edge leads to the service, until it
 * sends each of them requests and answers as the task itself does.
 *
 * @throws when that is not so in time; the message says why
 * @throws CouldNotAsk
 */
export async function awaitReleaseServed(release: Release, deadline: Deadline): Promise<void> {
  const { service, tasks } = await awaitConverged(release, deadline);
  await Promise.all(tasks.map((task) => awaitServed(asContainer(task, service), deadline)));
}
