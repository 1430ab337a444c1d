import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import type { Networks } from "../networks";
import { Workload } from "../workload";
import { fill, type MonitoringFile } from "./files";

export interface PrometheusArgs {
  context: StackContext;
  /** Image with the contract of the official `prom/prometheus`. */
  image: string;
  configuration: MonitoringFile;
  rules: MonitoringFile[];
  volume: docker.Volume;
  /** The edge's network for Traefik, the internal one for the others. */
  networks: Networks;
}

const port = 9090;

/** Collects the metrics, keeps them for 30 days, and decides what is an alert. */
export class Prometheus extends pulumi.ComponentResource {
  /** Where it is found on the internal network. */
  readonly url = `http://prometheus:${port}`;
  readonly container: docker.Container;

  constructor(name: string, args: PrometheusArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Prometheus", name, {}, opts);
    this.container = createServer(this, args).container;
    this.registerOutputs();
  }
}

function createServer(parent: Prometheus, args: PrometheusArgs): Workload {
  const { context, configuration, rules, networks } = args;
  return new Workload(
    "prometheus",
    {
      context,
      service: "prometheus",
      image: args.image,
      command: [
        "--config.file=/etc/prometheus/prometheus.yml",
        "--storage.tsdb.path=/prometheus",
        "--storage.tsdb.retention.time=30d",
      ],
      files: [
        { path: "/etc/prometheus/prometheus.yml", content: fill(configuration, { STACK: context.prefix }) },
        ...rules.map((rule) => ({
          path: `/etc/prometheus/rules/${rule.path.split("/").at(-1)}`,
          content: fill(rule),
        })),
      ],
      volumes: [{ volume: args.volume, path: "/prometheus" }],
      networks: [{ network: networks.internal, aliases: ["prometheus"] }, { network: networks.edge }],
      health: { command: `wget -q -O /dev/null http://127.0.0.1:${port}/-/ready`, startPeriod: "1 minute" },
      memory: context.memory("prometheus", "512 MiB"),
      // What was collected last is written to the volume.
      stopTimeout: "1 minute",
      filesystem: { writableBecause: "its configuration arrives as files" },
      rollout: "stop-first",
    },
    { parent },
  );
}
