import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { Config } from "../config";
import type { Engine } from "../host/look";
import type { ServiceName } from "../config/keys";
import { memoryLimits } from "../config/memory";
import { servedHosts } from "./edge/hosts";
import { toMebibytes, type Duration } from "../config/units";
import type { Orchestrator } from "./workload/spec";

/** What every component needs to know of the stack that it is a part of. */
export interface StackContext {
  /** First part of every name on the Docker host, so that several stacks live on one: `dating-dev`. */
  prefix: string;
  /** What makes of a service what runs. */
  orchestrator: Orchestrator;
  /** The Docker Engine's address, where the configuration names one. */
  dockerHost?: string;
  /** How long a new container may take to become healthy. */
  healthTimeout: Duration;
  /** Whether the engine can ask a new container for its health more often than a running one: 25 and newer can. */
  quickStart: boolean;
  /** Traefik's entry point on which services are reached. */
  entryPoint: EntryPoint;
  /** The host names under which the application is served. */
  hosts: string[];
  /** Whether ports for everyone are published on the Docker host's IPv6 addresses, too. */
  ipv6: boolean;
  /** Whether the engine finds IPv6 addresses for a network by itself: 27 and newer do. */
  ipv6Networks: boolean;
  /** The memory limit of a service, in MiB: the configured one, else the default. */
  memory(service: ServiceName): number;
}

/** `web` is plain HTTP; `websecure` is HTTPS. */
export type EntryPoint = "web" | "websecure";

/** The first part of every name of the stack on the Docker host. */
export function stackPrefix(): string {
  return `${pulumi.getProject()}-${pulumi.getStack()}`;
}

/**
 * Derives the context from a stack's configuration and its Docker host.
 *
 * @param engine the newest, where it is not known
 */
export function stackContext(config: Config, orchestrator: Orchestrator, engine?: Engine): StackContext {
  return {
    orchestrator,
    prefix: stackPrefix(),
    dockerHost: config.dockerHost,
    healthTimeout: `${config.healthTimeout} seconds`,
    quickStart: serves(engine, startIntervalApi),
    entryPoint: config.tls === "off" ? "web" : "websecure",
    hosts: servedHosts(config),
    ipv6: config.ipv6,
    ipv6Networks: config.ipv6 && serves(engine, ipv6NetworksApi),
    memory: (service) => toMebibytes(config.memory[service] ?? memoryLimits[service]),
  };
}

/** Since which API a health check may have a start interval: https://docs.docker.com/reference/api/engine/version-history/ */
const startIntervalApi = "1.44";

/** Since which API an engine gives an IPv6 network a range that nobody has named. */
const ipv6NetworksApi = "1.46";

/** Whether an engine serves a version of the API; one that is not known is taken for the newest. */
function serves(engine: Engine | undefined, version: string): boolean {
  return engine === undefined || engine.apiVersion.localeCompare(version, "en", { numeric: true }) >= 0;
}

/** The one Docker host of the stack. */
export function dockerProvider(config: Config): docker.Provider {
  const host = config.dockerHost ?? process.env.DOCKER_HOST;
  return new docker.Provider("docker", {
    host: config.dockerHost,
    sshOpts: host?.startsWith("ssh://") ? ["-F", sshConfiguration] : undefined,
  });
}

/** Gives the provider connections of its own, with few sessions on each. It runs in the project's folder. */
const sshConfiguration = "hooks/ssh/config";

/** The labels by which a stack's own containers, networks and volumes are told from others on the same host. */
export function stackLabels(context: StackContext, service?: string): Record<string, string> {
  return { "dating.stack": context.prefix, ...(service && { "dating.service": service }) };
}

/** Labels in the form and the order that the Docker provider reads back. */
export function labelList<T extends pulumi.Input<string>>(
  labels: Record<string, T>,
): { label: string; value: T }[] {
  return Object.entries(labels)
    .map(([label, value]) => ({ label, value }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}
