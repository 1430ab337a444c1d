import { execFileSync } from "node:child_process";

import { runHook } from "../hook";
import type { DockerCli } from "./docker";

/** Running containers that mount a volume: names, for people and for Docker. */
export async function usersOf(docker: DockerCli, volume: string): Promise<string[]> {
  const listed = await docker.text(["ps", "--filter", `volume=${volume}`, "--format", "{{.Names}}"]);
  return listed.split("\n").filter(Boolean).sort();
}

/**
 * Does something while containers are stopped, and starts them again whatever happens to it: also on Ctrl-C.
 *
 * @returns the seconds from the first stop to the last container's health
 */
export async function whileStopped(
  docker: DockerCli,
  containers: string[],
  action: () => Promise<void>,
): Promise<number> {
  if (containers.length === 0) {
    await action();
    return 0;
  }
  const begin = Date.now();
  const restart = () => execFileSync("docker", ["start", ...containers], { env: docker.environment });
  const interrupted = (signal: NodeJS.Signals) => {
    restart();
    console.error(`Interrupted by ${signal}; ${containers.join(", ")} started again.`);
    process.exit(1);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  signals.forEach((signal) => process.once(signal, interrupted));
  console.error(`  stopping ${containers.join(", ")}`);
  try {
    await docker.text(["stop", ...containers]);
    await action();
  } finally {
    signals.forEach((signal) => process.off(signal, interrupted));
    restart();
  }
  for (const container of containers) awaitHealthy(docker, container);
  return (Date.now() - begin) / 1000;
}

/** Waits for a container's health, and fails with its log where it does not get healthy. */
function awaitHealthy(docker: DockerCli, container: string): void {
  const environment = { ...docker.environment, CONTAINER: container, HEALTH_TIMEOUT: "120" };
  if (!runHook("gate", environment)) throw new Error(`${container} did not become healthy`);
}
