import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import { Workload } from "../workload";

export interface NodeExporterArgs {
  context: StackContext;
  /** Image with the contract of the official `prom/node-exporter`. */
  image: string;
  network: docker.Network;
}

const port = 9100;
const root = "/host";

/** Metrics of the Docker host: processors, memory, disks. */
export class NodeExporter extends pulumi.ComponentResource {
  constructor(name: string, args: NodeExporterArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:NodeExporter", name, {}, opts);
    createExporter(this, args);
    this.registerOutputs();
  }
}

function createExporter(parent: NodeExporter, { context, image, network }: NodeExporterArgs): Workload {
  // Of the container's own network: numbers that would be taken for the host's.
  const misleading = ["arp", "netclass", "netdev", "netstat", "sockstat", "softnet", "udp_queues"];
  return new Workload(
    "node-exporter",
    {
      context,
      service: "node-exporter",
      image,
      command: [
        // The one place at which the host's files are mounted, and all three are found under it.
        `--path.rootfs=${root}`,
        `--path.procfs=${root}/proc`,
        `--path.sysfs=${root}/sys`,
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/docker/.+)($|/)",
        ...misleading.map((collector) => `--no-collector.${collector}`),
      ],
      hostPaths: [{ host: "/", container: root }],
      networks: [{ network, aliases: ["node-exporter"] }],
      health: { command: `wget -q -O /dev/null http://127.0.0.1:${port}/metrics` },
      memory: context.memory("node-exporter"),
      filesystem: "read-only",
      rollout: "stop-first",
    },
    { parent },
  );
}
