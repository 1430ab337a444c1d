import type { DockerCli } from "../backups/docker";

/** The label of all that a restore to a point in time makes on a Docker host: its value is the first part of the stack's names. */
export const label = "dating.point-in-time";

/**
 * Removes what restores of a stack to a point in time have left there, or one that has ended leaves. To be called by who holds
 * the stack's lock.
 */
export async function removeLeft(docker: DockerCli, prefix: string): Promise<void> {
  const filter = ["--filter", `label=${label}=${prefix}`];
  const list = async (...args: string[]) =>
    (await docker.text([...args, ...filter])).split("\n").filter(Boolean);
  const containers = await list("ps", "--all", "--quiet");
  if (containers.length > 0) await docker.text(["rm", "--force", "--volumes", ...containers]);
  const volumes = await list("volume", "ls", "--quiet");
  if (volumes.length > 0) await docker.text(["volume", "rm", "--force", ...volumes]);
}
