import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { monitoringServices, verifier, type LogCollector, type ServiceName } from "../../config/keys";
import type { StackContext } from "../context";
import { Workload } from "../workload";
import { fill, type MonitoringFile } from "./files";
import { logCollectorAddress } from "./log-collectors";

export interface PrometheusArgs {
  context: StackContext;
  /** Image with the contract of the official `prom/prometheus`. */
  image: string;
  configuration: MonitoringFile;
  rules: MonitoringFile[];
  /** The rule about a certificate, and the host names that get one from an authority. */
  certificates: { rule: MonitoringFile; hosts: string[] };
  /** The rule about a service, and the services that the stack has. */
  expected: { rule: MonitoringFile; services: ServiceName[] };
  /** The stack's log collector, which is asked for its metrics, too. */
  logCollector: LogCollector;
  volume: docker.Volume;
  network: docker.Network;
}

const port = 9090;

/** Collects the metrics, keeps them for 30 days, and decides what is an alert. */
export class Prometheus extends pulumi.ComponentResource {
  /** Where it is found on monitoring's network. */
  readonly url = `http://prometheus:${port}`;
  constructor(name: string, args: PrometheusArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Prometheus", name, {}, opts);
    createServer(this, args);
    this.registerOutputs();
  }
}

function createServer(parent: Prometheus, args: PrometheusArgs): Workload {
  const { context, certificates, configuration, expected, rules, network, logCollector } = args;
  const values = {
    STACK: context.prefix,
    LOG_COLLECTOR: logCollector,
    LOG_COLLECTOR_ADDRESS: logCollectorAddress[logCollector],
  };
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
        { path: "/etc/prometheus/prometheus.yml", content: fill(configuration, values) },
        ...rules.map((rule) => ({
          path: `/etc/prometheus/rules/${rule.path.split("/").at(-1)}`,
          content: fill(rule),
        })),
        ...certificates.hosts.map((host) => ({
          path: `/etc/prometheus/rules/certificate-${host}.yml`,
          content: fill(certificates.rule, { HOST: host, HOST_EXPRESSION: host.replaceAll(".", "[.]") }),
        })),
        ...expected.services.map((service) => ({
          path: `/etc/prometheus/rules/expected-${service}.yml`,
          content: fill(expected.rule, { SERVICE: service, SERVES: servedBy(service) }),
        })),
      ],
      volumes: [{ volume: args.volume, path: "/prometheus" }],
      networks: [{ network, aliases: ["prometheus"] }],
      health: { command: `wget -q -O /dev/null http://127.0.0.1:${port}/-/ready`, startPeriod: "1 minute" },
      memory: context.memory("prometheus"),
      // What was collected last is written to the volume.
      stopTimeout: "1 minute",
      filesystem: { writableBecause: "its configuration arrives as files" },
      rollout: "stop-first",
    },
    { parent },
  );
}

const forOperators: readonly string[] = ["backup", verifier, ...monitoringServices];

/** Whom it hurts that a service is down. */
function servedBy(service: ServiceName): "people" | "operators" {
  return forOperators.includes(service) ? "operators" : "people";
}
