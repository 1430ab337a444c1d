import type { PlainConfig } from "../config";
import { volumeNames } from "../config/volumes";
import { networksFor } from "../config/networks";
import { memoryLimits } from "../config/memory";
import { toMebibytes } from "../config/units";
import { servicesFor } from "../config/keys";
import type { OrchestratorName } from "../config/keys/swarm";

/** A port of the Docker host that the stack publishes, and the configuration key that names it. */
export interface WantedPort {
  port: number;
  key: string;
  /** The interface that it is published on. */
  ip: "0.0.0.0" | "127.0.0.1";
}

/** What a stack asks of its Docker host. */
export interface Wanted {
  stack: string;
  /** First part of every name on the host, and the value of the label `dating.stack`. */
  prefix: string;
  images: string[];
  ports: WantedPort[];
  /** Whether the edge's ports are published on IPv6 addresses, too. */
  ipv6: boolean;
  /** How many networks the stack has. */
  networks: number;
  /** The /24 that the stack's networks divide, where the configuration names one. */
  networkRange?: string;
  /** Real name of each volume, by its key. */
  volumes: Record<string, string>;
  /** Sum of the services' memory limits, in MiB. */
  memory: number;
  /** What runs the services. */
  orchestrator: OrchestratorName;
  /** Path of the engine's socket on the host, which socket-proxy mounts. */
  dockerSocket: string;
}

/** The part of a stack's configuration that its Docker host has to meet. */
export type HostConfig = Pick<
  PlainConfig,
  | "backupVerify"
  | "behind"
  | "dockerSocket"
  | "grafanaPort"
  | "httpPort"
  | "httpsPort"
  | "ipv6"
  | "logCollector"
  | "memory"
  | "monitoring"
  | "networkRange"
  | "orchestrator"
  | "previewDomain"
  | "tls"
  | "volumes"
>;

/** What a stack with this configuration asks of its Docker host. */
export function wantedBy(stack: string, prefix: string, config: HostConfig, images: string[]): Wanted {
  const { grafanaPort, httpPort, httpsPort, monitoring, tls } = config;
  const ports: WantedPort[] = [
    { port: httpPort, key: "httpPort", ip: config.behind === undefined ? "0.0.0.0" : "127.0.0.1" },
  ];
  if (tls !== "off") ports.push({ port: httpsPort, key: "httpsPort", ip: "0.0.0.0" });
  if (monitoring) ports.push({ port: grafanaPort, key: "grafanaPort", ip: "127.0.0.1" });
  const services = servicesFor(monitoring, config.logCollector, config.backupVerify !== undefined);
  const memory = services.map((name) => toMebibytes(config.memory[name] ?? memoryLimits[name]));
  return {
    stack,
    prefix,
    images,
    ports,
    ipv6: config.ipv6,
    networks: networksFor(monitoring, config.previewDomain !== undefined).length,
    networkRange: config.networkRange,
    volumes: Object.fromEntries(
      volumeNames.map((name) => [name, config.volumes[name] ?? `${prefix}_${name}`]),
    ),
    memory: memory.reduce((sum, limit) => sum + limit, 0),
    orchestrator: config.orchestrator,
    dockerSocket: config.dockerSocket,
  };
}
