import type { DeployedResource } from "../stack/deployment";
import { runHook } from "../hook";

/**
 * Takes those containers out of service that a killed rollout had replaced already, and left to be deleted. The next deploy
 * would drain them before it deletes them, but for one of 20 killed rotations, after which it stopped one while the edge still
 * sent it requests: the order of what a killed deploy leaves to be deleted is not to be relied on.
 *
 * @param resources all that the stack's state has
 * @returns a line for each container, for people; one whose successor is not healthy goes on serving
 * @throws when a container is not drained in time
 */
export function drainReplaced(resources: readonly DeployedResource[]): string[] {
  const replaced = new Set(resources.filter((resource) => resource.replaced).map(({ id }) => id));
  const current = resources.filter((resource) => !resource.replaced);
  return current.flatMap(({ urn, inputs, dependencies }) => {
    const environment = inputs.environment as Record<string, string> | undefined;
    // The gate of a service that is stopped first drains nothing when it is deleted.
    if (!inputs.delete || !environment || !replaced.has(environment.CONTAINER!)) return [];
    const successor = current.find(
      (resource) =>
        dependencies.includes(resource.urn) && resource.type === "docker:index/container:Container",
    );
    const gate = urn.split("::").at(-1)!;
    if (!successor || !runHook("gate", { ...environment, CONTAINER: successor.id }))
      return [`${gate}: the new container is not healthy, so the old one goes on serving`];
    drain(environment);
    return [`${gate}: the new container is healthy, and the old one is drained`];
  });
}

/**
 * Takes a container out of service that a killed rollout had made, and that the stack's state does not have. It may be
 * healthy by now, and get requests from the edge. Does nothing where its service cannot be drained.
 *
 * @throws when it is not drained in time
 */
export function drainUnknown(
  resources: readonly DeployedResource[],
  service: string,
  container: string,
): void {
  const gate = resources.find(({ urn, inputs }) => urn.endsWith(`::${service}-healthy`) && inputs.delete);
  if (gate) drain({ ...(gate.inputs.environment as Record<string, string>), CONTAINER: container });
}

function drain(environment: Record<string, string>): void {
  if (!runHook("drain", environment))
    throw new Error(
      `the container ${environment.CONTAINER} cannot be drained. To lose the requests that it still gets, remove it with ` +
        `docker rm --force ${environment.CONTAINER}, and recover again`,
    );
}
