import { runHook } from "../hook";
import { volumeUsers } from "../host/volume-users";
import type { DockerCli } from "./docker";
import { Interrupted, interruptible, uninterrupted } from "./signals";

/** Running containers that mount a volume: names, for people and for Docker. */
export async function usersOf(docker: DockerCli, volume: string): Promise<string[]> {
  return (await volumeUsers(docker, volume)).map(({ name }) => name).sort();
}

/**
 * Does something while containers are stopped, and starts them again whatever happens to it. A signal ends it, and they are
 * started when it has put things in order.
 *
 * @returns the seconds from the first stop to the last container's health
 * @throws Interrupted where a signal came
 */
export async function whileStopped(
  docker: DockerCli,
  containers: string[],
  action: (aborted: AbortSignal) => Promise<void>,
): Promise<number> {
  if (containers.length === 0) {
    await interruptible(action, "Nothing was changed.");
    return 0;
  }
  const begin = Date.now();
  const state = `${containers.join(", ")} started again.`;
  await uninterrupted(async (came) => {
    try {
      await stop(docker, containers);
      const early = came();
      if (early) throw new Interrupted(early, state);
      await interruptible(action, state);
    } finally {
      await start(docker, containers);
    }
  });
  for (const container of containers) awaitHealthy(docker, container);
  return (Date.now() - begin) / 1000;
}

/** Stops containers; a signal does not end that. */
export async function stop(docker: DockerCli, containers: string[]): Promise<void> {
  console.error(`  stopping ${containers.join(", ")}`);
  await docker.undisturbed.text(["stop", ...containers]);
}

/** Starts containers; a signal does not end that. */
export async function start(docker: DockerCli, containers: string[]): Promise<void> {
  await docker.undisturbed.text(["start", ...containers]);
}

/** Waits for a container's health. @throws Error where it does not get healthy, when its log was shown */
export function awaitHealthy(docker: DockerCli, container: string): void {
  const environment = { ...docker.environment, CONTAINER: container, HEALTH_TIMEOUT: "120" };
  if (!runHook("gate", environment)) throw new Error(`${container} did not become healthy`);
}
