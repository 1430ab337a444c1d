import { execFileSync } from "node:child_process";

import { imagesFor, type ImageName } from "../../../../config/keys";
import { localImage } from "../../../../images/content";
import { DockerHost, type Engine } from "./docker-host";
import type { Project } from "../project";

/** An address of the host that is not loopback: a swarm wants one, and the host has no other interface. */
const address = "192.0.2.1";

/** An engine whose services have what Swarm cannot say of one alone. */
export const swarmEngine: Engine = {
  prepare: `ip link add swarm0 type bridge && ip addr add ${address}/24 dev swarm0 && ip link set swarm0 up`,
  options: ["--no-new-privileges", "--default-ulimit", "nproc=4096:4096"],
};

/** A host with an engine of its own that can be a swarm's manager, and the application's images. */
export function swarmHost(project: Project, ports: number[]): DockerHost {
  const host = DockerHost.start(project.directory, ports, swarmEngine);
  host.load(imagesFor(false).map((name) => localImage(name)));
  return host;
}

/** Makes a swarm of the host alone. */
export function initSwarm(host: DockerHost): void {
  host.docker(["swarm", "init", "--advertise-addr", address]);
}

/** The images of the application by their digests, as containerd's image store has them without a registry. */
export function digests(): Record<ImageName, string> {
  const names = imagesFor(false);
  const found = names.map((name) => {
    const reference = localImage(name);
    const listed = execFileSync(
      "docker",
      ["image", "inspect", "--format", "{{json .RepoDigests}}", reference],
      {
        encoding: "utf8",
      },
    );
    const own = (JSON.parse(listed) as string[]).find((each) => each.startsWith(reference.split(":")[0]!));
    if (!own) throw new Error(`${reference} has no digest: it takes containerd's image store`);
    return [name, `${reference}@${own.split("@")[1]}`];
  });
  return Object.fromEntries(found) as Record<ImageName, string>;
}
