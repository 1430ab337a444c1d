import * as pulumi from "@pulumi/pulumi";

import { dockerProvider, stackContext, stackPrefix, type StackContext } from "../components/context";
import { Networks } from "../components/networks";
import { Volumes, volumeName } from "../components/volumes";
import { containers } from "../components/workload/container";
import { services } from "../components/workload/service";
import { edgeUrl, type Config } from "../config";
import { requireIpv6 } from "../host/ipv6";
import { lookAtHost, type Host } from "../host/look";
import { requireReadableLogs, schemaLabel } from "../images/log-schema";
import { requireFittingPostgres } from "../images/postgres";
import { provideOnHost } from "../images/present";
import { readyMonitoring, type ReadyMonitoring } from "./ready-monitoring";

/** What every part of a stack stands on. */
export interface Ground {
  config: Config;
  context: StackContext;
  /** The image of every service, those of monitoring only where the stack has it. */
  images: Config["images"] & NonNullable<Config["monitoringImages"]>;
  /** The edge's base URL. */
  url: string;
  /** What an operator edits of the monitoring, and how Grafana is reached. */
  monitoring: ReadyMonitoring;
  networks: Networks;
  volumes: Volumes["byName"];
  /** The one Docker host, for every component. */
  onHost: pulumi.ComponentResourceOptions;
}

/**
 * Looks at the Docker host, refuses what cannot go well there, brings it the images, and makes the volumes and networks.
 *
 * @throws RunError with all that speaks against a deploy, before any resource is registered
 */
export function prepare(config: Config): Ground {
  const images = { ...config.images, ...config.monitoringImages } as Ground["images"];
  const host = lookAtHost(config, stackPrefix(), Object.values(images));
  const orchestrator = config.orchestrator === "swarm" ? services(config) : containers;
  const context = stackContext(config, orchestrator, host.engine);
  if (!pulumi.runtime.isDryRun()) {
    provideOnHost(host.missingImages, config.dockerHost);
    if (config.ipv6) requireIpv6(host.ipv6, images.postgres, config.dockerHost);
  }
  // In a preview without an answer, nobody could say.
  if (host.engine) requireReadableData(config, host, context);
  const monitoring = readyMonitoring(config, host.engine !== undefined);
  const onHost = { providers: [dockerProvider(config)] };
  const volumes = new Volumes("volumes", { context, names: config.volumes }, onHost).byName;
  const networks = new Networks(
    "networks",
    {
      context,
      monitoring: config.monitoringImages !== undefined,
      previews: config.previewDomain !== undefined,
      range: config.networkRange,
    },
    onHost,
  );
  const url = edgeUrl(config);
  return { config, context, images, url, monitoring, networks, volumes, onHost };
}

/** What is in the volumes fits what is to read it. */
function requireReadableData(config: Config, host: Host, context: StackContext): void {
  const asked = {
    ...{ stack: pulumi.getStack(), image: config.images.postgres, dockerHost: config.dockerHost },
    mustAnswer: !pulumi.runtime.isDryRun(),
  };
  requireFittingPostgres({
    ...asked,
    settings: config.postgresSettings,
    extensions: config.databaseExtensions,
    running: host.running("postgres"),
    volume: host.existing(volumeName("postgres_data", context, config.volumes)),
  });
  if (!config.monitoringImages) return;
  requireReadableLogs({
    ...asked,
    running: host.labelOf("loki", schemaLabel),
    volume: host.existing(volumeName("loki_data", context, config.volumes)),
    tsdbFrom: config.lokiTsdbFrom,
  });
}
