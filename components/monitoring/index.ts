import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { MonitoringImages } from "../../config";
import { servicesFor, type LogCollector } from "../../config/keys";
import type { StackContext } from "../context";
import type { Database } from "../database";
import type { Networks } from "../networks";
import type { SocketProxy } from "../socket-proxy";
import { Alertmanager, type TelegramReceiver } from "./alertmanager";
import { Cadvisor } from "./cadvisor";
import type { MonitoringFiles } from "./files";
import type { GrafanaFiles } from "./grafana/dashboards";
import { Grafana } from "./grafana";
import { createLogCollector } from "./log-collectors";
import { Loki } from "./loki";
import { NodeExporter } from "./node-exporter";
import { PostgresExporter } from "./postgres-exporter";
import { Prometheus } from "./prometheus";

export interface MonitoringArgs {
  context: StackContext;
  images: MonitoringImages;
  /** What the services are told. */
  files: MonitoringFiles;
  logCollector: LogCollector;
  /** Whether the stack restores its backups to see that they can be. */
  verifies: boolean;
  /** Host names that get a certificate from an authority. */
  certifiedHosts: string[];
  /** First day of Loki's present schema, where the volume has logs of the original's. */
  lokiTsdbFrom?: string;
  grafana: {
    files: GrafanaFiles;
    /** Port on the Docker host's loopback. */
    port: number;
    /** Address under which this machine reaches it. */
    url: string;
    password: pulumi.Output<string>;
  };
  volumes: Record<"prometheus_data" | "loki_data" | "grafana_data", docker.Volume>;
  database: Database;
  socketProxy: SocketProxy;
  networks: Networks;
  /** @default alerts are shown and sent to nobody */
  telegram?: TelegramReceiver;
  /** What is told that alerts would arrive. @default nobody is */
  heartbeatUrl?: pulumi.Output<string>;
}

/** The monitoring profile: metrics, logs, dashboards and alerts. None of it is reached from outside the Docker host, and nothing else needs it. */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Monitoring", name, {}, opts);
    const { context, images, files, volumes, database, networks } = args;
    const inside = { parent: this };
    const network = networks.monitoring;

    new Prometheus(
      "prometheus",
      {
        ...{ context, network, image: images.prometheus, volume: volumes.prometheus_data },
        configuration: files.prometheus,
        rules: files.rules,
        certificates: { rule: files.certificateRule, hosts: args.certifiedHosts },
        expected: { rule: files.expectedRule, services: servicesFor(true, args.logCollector, args.verifies) },
        logCollector: args.logCollector,
      },
      inside,
    );
    new Alertmanager(
      "alertmanager",
      {
        ...{ context, networks, image: images.alertmanager },
        configuration: files.alertmanager,
        telegram: args.telegram,
        heartbeatUrl: args.heartbeatUrl,
      },
      inside,
    );
    new Loki(
      "loki",
      {
        ...{ context, network, image: images.loki, volume: volumes.loki_data, configuration: files.loki },
        oldLogs: args.lokiTsdbFrom
          ? { configuration: files.lokiOldLogs, until: args.lokiTsdbFrom }
          : undefined,
      },
      inside,
    );
    createLogCollector(
      args.logCollector,
      { context, networks, files, image: images[args.logCollector]! },
      inside,
    );
    new Grafana(
      "grafana",
      { context, networks, image: images.grafana, volume: volumes.grafana_data, ...args.grafana },
      inside,
    );
    new Cadvisor(
      "cadvisor",
      { context, networks, image: images.cadvisor, socketProxy: args.socketProxy },
      inside,
    );
    new NodeExporter("node-exporter", { context, network, image: images["node-exporter"] }, inside);
    new PostgresExporter(
      "postgres-exporter",
      { context, networks, database, image: images["postgres-exporter"] },
      inside,
    );
    this.registerOutputs();
  }
}
