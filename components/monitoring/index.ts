import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { MonitoringService } from "../../config";
import type { StackContext } from "../context";
import type { Database } from "../database";
import type { Networks } from "../networks";
import { Alertmanager, type TelegramReceiver } from "./alertmanager";
import type { MonitoringFiles } from "./files";
import { NodeExporter } from "./node-exporter";
import { PostgresExporter } from "./postgres-exporter";
import { Prometheus } from "./prometheus";

export interface MonitoringArgs {
  context: StackContext;
  images: Record<MonitoringService, string>;
  /** What the services are told. */
  files: MonitoringFiles;
  volumes: { prometheus_data: docker.Volume };
  database: Database;
  networks: Networks;
  /** @default alerts are shown and sent to nobody */
  telegram?: TelegramReceiver;
}

/** The monitoring profile: metrics and alerts. None of it is reached from outside, and nothing else needs it. */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Monitoring", name, {}, opts);
    const { context, images, files, volumes, database, networks } = args;
    const inside = { parent: this };
    const network = networks.internal;

    new Prometheus(
      "prometheus",
      {
        ...{ context, networks, image: images.prometheus, volume: volumes.prometheus_data },
        configuration: files.prometheus,
        rules: files.rules,
      },
      inside,
    );
    new Alertmanager(
      "alertmanager",
      {
        ...{ context, networks, image: images.alertmanager },
        configuration: files.alertmanager,
        telegram: args.telegram,
      },
      inside,
    );
    new NodeExporter("node-exporter", { context, network, image: images["node-exporter"] }, inside);
    new PostgresExporter(
      "postgres-exporter",
      { context, network, database, image: images["postgres-exporter"] },
      inside,
    );
    this.registerOutputs();
  }
}
