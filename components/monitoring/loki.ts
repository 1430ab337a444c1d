import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import { Workload } from "../workload";
import { fill, type MonitoringFile } from "./files";

export interface LokiArgs {
  context: StackContext;
  /** Image with the contract of the official `grafana/loki`. */
  image: string;
  configuration: MonitoringFile;
  volume: docker.Volume;
  network: docker.Network;
}

const port = 3100;

/** Keeps the logs of the stack's containers for 30 days. */
export class Loki extends pulumi.ComponentResource {
  /** Where it is found on the internal network. */
  readonly url = `http://loki:${port}`;
  readonly container: docker.Container;

  constructor(name: string, args: LokiArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Loki", name, {}, opts);
    this.container = createServer(this, args).container;
    this.registerOutputs();
  }
}

function createServer(parent: Loki, { context, image, configuration, volume, network }: LokiArgs): Workload {
  const file = "/etc/loki/loki.yml";
  return new Workload(
    "loki",
    {
      context,
      service: "loki",
      image,
      command: [`-config.file=${file}`],
      files: [{ path: file, content: fill(configuration) }],
      volumes: [{ volume, path: "/loki" }],
      networks: [{ network, aliases: ["loki"] }],
      // The official image has no shell.
      health: { command: ["/usr/bin/loki", "-health"], startPeriod: "1 minute" },
      memory: context.memory("loki", "512 MiB"),
      // What is in memory is written to the volume.
      stopTimeout: "1 minute",
      filesystem: { writableBecause: "its configuration arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}
