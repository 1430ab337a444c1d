import * as docker from "@pulumi/docker";
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
  /** The socket proxy's network for the containers' names, the internal one for Prometheus. */
  networks: Networks;
}

const port = 8080;

/**
 * What of the host it reads: what each container uses, and the number of each container's layer, without which cAdvisor
 * takes no container for Docker's. Both are open to every user of the host.
 */
const hostPaths = ["/sys/fs/cgroup", "/var/lib/docker/image/overlay2/layerdb/mounts"];

/** Metrics of the containers: processors, memory against its limit, network, starts. It runs without privileges. */
export class Cadvisor extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: CadvisorArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Cadvisor", name, {}, opts);
    this.container = createExporter(this, args).container;
    this.registerOutputs();
  }
}

function createExporter(parent: Cadvisor, args: CadvisorArgs): Workload {
  const { context, image, socketProxy, networks } = args;
  const ping = `wget -q -T 2 -O /dev/null ${socketProxy.address.replace("tcp:", "http:")}/_ping`;
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
        `--docker=${socketProxy.address}`,
        "--docker_only=true",
        // The others would need more of the host than this.
        "--enable_metrics=cpu,memory,network",
        "--store_container_labels=false",
        "--whitelisted_container_labels=dating.stack,dating.service",
        // Prometheus asks every 15 seconds.
        "--housekeeping_interval=10s",
      ],
      user: "65534:65534",
      hostPaths: hostPaths.map((path) => ({ host: path, container: path })),
      networks: [{ network: networks.dockerApi }, { network: networks.internal, aliases: ["cadvisor"] }],
      // Its /healthz says ok whatever it can collect; this is a measurement of a container of the stack.
      health: {
        command: `wget -q -O - http://127.0.0.1:${port}/metrics | grep -q '^container_last_seen{.*stack="${context.prefix}"'`,
      },
      memory: context.memory("cadvisor", "256 MiB"),
      filesystem: "read-only",
      rollout: "stop-first",
    },
    { parent },
  );
}
