import { lstatSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isAlive, labelsOf, lockVariable, thisProcess, type Holder } from "../../host/marks/holder";
import { begunBy, isLeft, pointInTimeLabel, type PointInTimeContainer } from "../../host/marks/point-in-time";
import { removeContainer, type DockerCli } from "../backups/docker";

/** The first part of the names of folders with a dump of the database as it was; the process that has it follows. */
export const folderPrefix = "dating-point-in-time-";

/** The labels of what a restore to a point in time makes: of which stack's backups, and who makes it. */
export function labelsFor(prefix: string): string[] {
  const begun: Holder = { ...thisProcess(), doing: "restore", token: process.env[lockVariable] ?? "" };
  return [`${pointInTimeLabel}=${prefix}`, ...labelsOf(begun, pointInTimeLabel)];
}

/** What restores to a point in time that were killed have left on a Docker host. */
export interface Leftovers {
  containers: (PointInTimeContainer & { id: string; name: string })[];
  volumes: string[];
}

/**
 * Looks for what restores of a stack to a point in time have left.
 *
 * @param all also what may belong to a command at work, as on another machine
 * @throws Error where Docker cannot be asked
 */
export async function findLeft(docker: DockerCli, prefix: string, all = false): Promise<Leftovers> {
  const filter = ["--filter", `label=${pointInTimeLabel}=${prefix}`];
  const format = [
    "{{.ID}}\t{{.Names}}\t{{.State}}",
    ...told.map((name) => `{{.Label "${pointInTimeLabel}.${name}"}}`),
  ];
  const containers = lines(
    await docker.text(["ps", "--all", "--no-trunc", ...filter, "--format", format.join("\t")]),
  ).map((line) => {
    const [id = "", name = "", state = "", ...values] = line.split("\t");
    const labels = Object.fromEntries(
      told.map((part, index) => [`${pointInTimeLabel}.${part}`, values[index] ?? ""]),
    );
    return { id, name, state, begun: begunBy(labels) };
  });
  // Those that a container has go with it.
  const volumes = await docker.text(["volume", "ls", "--quiet", "--filter", "dangling=true", ...filter]);
  return { containers: containers.filter((each) => all || isLeft(each)), volumes: lines(volumes) };
}

const told = ["who", "since", "token", "machine", "pid", "started"] as const;
const lines = (text: string) => text.split("\n").filter(Boolean);

/**
 * Removes what restores of a stack to a point in time have left, on its Docker host and on this machine.
 *
 * @param all as of {@link findLeft}
 * @returns a sentence for each
 */
export async function removeLeft(docker: DockerCli, prefix: string, all = false): Promise<string[]> {
  const { containers, volumes } = await findLeft(docker, prefix, all);
  // The server that uses the network and the files of another one first.
  for (const { id } of [...containers].sort((one, other) => other.name.length - one.name.length))
    await removeContainer(docker, id);
  if (volumes.length > 0) await docker.text(["volume", "rm", "--force", ...volumes]);
  return [
    ...containers.map(({ name }) => `Removed the container ${name}, which a restore has left`),
    ...volumes.map((name) => `Removed the volume ${name}, which a restore has left`),
    ...removeFolders(),
  ];
}

function removeFolders(): string[] {
  const left = readdirSync(tmpdir()).filter((name) => {
    const pid = name.startsWith(folderPrefix) ? Number(name.slice(folderPrefix.length).split("-")[0]) : NaN;
    return (
      Number.isInteger(pid) && !isAlive(pid) && lstatSync(join(tmpdir(), name)).uid === process.getuid?.()
    );
  });
  return left.map((name) => {
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
    return `Removed ${join(tmpdir(), name)}, which a restore has left`;
  });
}
