import type { DeployedResource } from "../deployment";
import { containerType, labelsOf } from "../host/containers";
import { runHook } from "../hook";
import type { DockerHost } from "../host/inspect";

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
    if (!container || !host.container(container.id)) return [];
    const { "dating.stack": stack = "", "dating.service": service = "" } = labelsOf(container);
    if (host.running(stack, service)) return [];
    return [
      runHook("switch", told)
        ? `${service}: no container ran, so the last one that served was started`
        : `${service}: no container runs, and the last one that served does not come up`,
    ];
  });
}
