import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { schemaLabel, schemaText } from "../../images/log-schema";
import type { StackContext } from "../context";
import { Workload } from "../workload";
import { fill, overlay, type MonitoringFile } from "./files";

export interface LokiArgs {
  context: StackContext;
  /** Image with the contract of the official `grafana/loki`. */
  image: string;
  configuration: MonitoringFile;
  /** For a volume with logs in the original's schema. @default there are none, and the present schema holds from the beginning */
  oldLogs?: {
    /** What is laid over the configuration. */
    configuration: MonitoringFile;
    /** First day of the present schema, as in 2027-02-01. */
    until: string;
  };
  volume: docker.Volume;
  network: docker.Network;
}

const port = 3100;

/** Keeps the logs of the stack's containers for 30 days. */
export class Loki extends pulumi.ComponentResource {
  /** Where it is found on monitoring's network. */
  readonly url = `http://loki:${port}`;
  constructor(name: string, args: LokiArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Loki", name, {}, opts);
    createServer(this, args);
    this.registerOutputs();
  }
}

function createServer(parent: Loki, args: LokiArgs): Workload {
  const { context, image, volume, network } = args;
  const file = "/etc/loki/loki.yml";
  return new Workload(
    "loki",
    {
      context,
      service: "loki",
      image,
      command: [`-config.file=${file}`],
      files: [{ path: file, content: lokiConfiguration(args) }],
      labels: { [schemaLabel]: schemaText(args.oldLogs?.until) },
      volumes: [{ volume, path: "/loki" }],
      networks: [{ network, aliases: ["loki"] }],
      // The official image has no shell.
      health: { command: ["/usr/bin/loki", "-health"], startPeriod: "1 minute" },
      memory: context.memory("loki"),
      // What is in memory is written to the volume.
      stopTimeout: "1 minute",
      filesystem: { writableBecause: "its configuration arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}

/** What Loki is told. */
export function lokiConfiguration({
  configuration,
  oldLogs,
}: Pick<LokiArgs, "configuration" | "oldLogs">): string {
  if (!oldLogs) return fill(configuration);
  return fill(overlay(configuration, oldLogs.configuration), { TSDB_FROM: oldLogs.until });
}
