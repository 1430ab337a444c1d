import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import type { Networks } from "../networks";
import type { SocketProxy } from "../socket-proxy";
import { Workload } from "../workload";

export interface CadvisorArgs {
  context: StackContext;
  /** Image with the contract of the official `google/cadvisor`. */
  image: string;
  socketProxy: SocketProxy;
  /** The socket proxy's network for the containers' names, monitoring's for Prometheus. */
  networks: Networks;
}

const port = 8080;

/** What of the host it reads: what each container uses. It is open to every user of the host. */
const controlGroups = "/sys/fs/cgroup";

/**
 * Metrics of the containers: processors, memory against its limit, starts. It runs without privileges, and needs
 * nothing of where and how the Docker Engine keeps images ({@link SocketProxy.metricsAddress}).
 *
 * OpenTelemetry's docker_stats receiver would have to ask the engine for each container's statistics, which the proxy then
 * lets through for all of the host, and the engine's own metrics know no containers.
 */
export class Cadvisor extends pulumi.ComponentResource {
  constructor(name: string, args: CadvisorArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Cadvisor", name, {}, opts);
    createExporter(this, args);
    this.registerOutputs();
  }
}

function createExporter(parent: Cadvisor, args: CadvisorArgs): Workload {
  const { context, image, socketProxy, networks } = args;
  const ping = `wget -q -T 2 -O /dev/null ${socketProxy.metricsAddress.replace("tcp:", "http:")}/_ping`;
  return new Workload(
    "cadvisor",
    {
      context,
      service: "cadvisor",
      image,
      // By itself it gives up where the Docker Engine refuses it for some seconds, and knows no container until it starts again.
      entrypoint: [
        "sh",
        "-c",
        `until ${ping}; do sleep 0.5; done; exec cadvisor -logtostderr "$@"`,
        "cadvisor",
      ],
      command: [
        `--port=${port}`,
        `--docker=${socketProxy.metricsAddress}`,
        "--docker_only=true",
        // The others would need more of the host than this: for their networks, its processes.
        "--enable_metrics=cpu,memory",
        "--store_container_labels=false",
        "--whitelisted_container_labels=dating.stack,dating.service",
        // Prometheus asks every 15 seconds.
        "--housekeeping_interval=10s",
      ],
      user: "65534:65534",
      hostPaths: [{ host: controlGroups, container: controlGroups }],
      networks: [{ network: networks.dockerApi }, { network: networks.monitoring, aliases: ["cadvisor"] }],
      // It says ok whatever it can collect: what it cannot see is said by the alert ContainersUnseen, and fails no deploy.
      health: { command: `wget -q -O /dev/null http://127.0.0.1:${port}/healthz` },
      memory: context.memory("cadvisor"),
      filesystem: "read-only",
      rollout: "stop-first",
    },
    { parent },
  );
}
