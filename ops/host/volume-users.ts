import { onlyReadsLabel } from "../../config/volumes";
import type { DockerCli } from "../backups/docker";
import { OperatorError } from "../stack/errors";

/** The label of a Postgres server that a command runs for itself on a volume: its value is the volume's name. */
export const serverLabel = "dating.server";

/** A running container that has a volume. */
export interface VolumeUser {
  id: string;
  name: string;
  /** First part of the names of the stack that it is of; empty where it is of none. */
  stack: string;
  /** Whether it only reads it. */
  onlyReads: boolean;
}

/** Who has a volume, among the containers that run. @throws Error where Docker cannot be asked */
export async function volumeUsers(docker: DockerCli, volume: string): Promise<VolumeUser[]> {
  const format = `{{.ID}} {{.Names}} {{.Label "dating.stack"}} {{.Label "${onlyReadsLabel}"}}`;
  const listed = await docker.text(["ps", "--no-trunc", "--filter", `volume=${volume}`, "--format", format]);
  return listed
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [id = "", name = "", stack = "", onlyReads] = line.split(" ");
      return { id, name, stack, onlyReads: onlyReads === "postgres_data" };
    });
}

/**
 * Asked before each start of a server on a volume: two servers on one volume destroy it, and Postgres does not see the other
 * one, as each is process 1 of its own container.
 *
 * @param may who may have it
 * @throws OperatorError that names who has it
 */
export async function requireUnused(
  docker: DockerCli,
  volume: string,
  may: (user: VolumeUser) => boolean = () => false,
): Promise<void> {
  const others = (await volumeUsers(docker, volume)).filter((user) => !user.onlyReads && !may(user));
  if (others.length === 0) return;
  const names = others.map(({ name }) => name).join(" ");
  throw new OperatorError(
    `The volume ${volume} is in use by ${names}, and two servers on one volume destroy it. ` +
      `Where nothing needs it any more: docker stop ${names}`,
  );
}

/** The servers of commands that were killed: those that run, and those that were only made. */
export async function leftServers(docker: DockerCli, volume: string): Promise<string[]> {
  const filter = ["--filter", `label=${serverLabel}=${volume}`];
  const listed = await docker.text(["ps", "--all", ...filter, "--format", "{{.Names}}"]);
  return listed.split("\n").filter(Boolean);
}

/** Ends them. To be called by who holds the stack's lock only: else one may belong to a command at work. */
export async function endLeftServers(docker: DockerCli, volume: string): Promise<void> {
  const left = await leftServers(docker, volume);
  if (left.length === 0) return;
  console.log(`Ending what an interrupted command has left: ${left.join(", ")}`);
  // In peace: what it has not written yet is in its memory.
  await docker.text(["stop", ...left]);
  await docker.text(["rm", ...left]);
}
