import type { DeployedResource } from "../stack/deployment";
import { containerType, labelsOf } from "../drift/containers";
import { runHook } from "../hook";
import type { DockerHost, InspectedContainer } from "../host/inspect";

/**
 * Starts again what a killed deploy has left stopped: a stop-first service is away between the stop of its old container and
 * the start of the new one. It is the old one that comes back, and the next deploy that tries the new one again.
 *
 * @param resources all that the stack's state has
 * @returns a line for each service that did not run, for people
 */
export function startAbsent(resources: readonly DeployedResource[], host: DockerHost): string[] {
  return resources.flatMap(({ inputs, replaced }) => {
    const told = inputs.environment as Record<string, string> | undefined;
    if (replaced || !told || !String(inputs.create).endsWith("hooks/switch.mts")) return [];
    const container = resources.find(({ type, id }) => type === containerType && id === told.CONTAINER);
    // What was made and never served, the next deploy starts.
    const found = container && host.container(container.id);
    if (!found) return [];
    const { "dating.stack": stack = "", "dating.service": service = "" } = labelsOf(container);
    if (host.running(stack, service)) return [];
    const others = usersOfItsVolumes(found, host);
    // As an adopted server's original: two servers on one volume destroy it.
    if (others.length > 0)
      return [`${service}: no container runs, and none is started, as ${others.join(", ")} has its volume`];
    return [
      runHook("switch", told)
        ? `${service}: no container ran, so the last one that served was started`
        : `${service}: no container runs, and the last one that served does not come up`,
    ];
  });
}

function usersOfItsVolumes({ Mounts }: InspectedContainer, host: DockerHost): string[] {
  const volumes = Mounts.flatMap(({ Type, Name }) => (Type === "volume" && Name ? [Name] : []));
  const users = volumes.flatMap((volume) =>
    host
      .run(["ps", "--filter", `volume=${volume}`, "--format", "{{.Names}}"])
      .toString()
      .split("\n")
      .filter(Boolean),
  );
  return [...new Set(users)];
}
