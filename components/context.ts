import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { Config } from "../config";
import type { ServiceName } from "../config/keys";
import { toMebibytes, type Duration, type Size } from "../config/units";

/** What every component needs to know of the stack that it is a part of. */
export interface StackContext {
  /** First part of every name on the Docker host, so that several stacks live on one: `dating-dev`. */
  prefix: string;
  /** The Docker Engine's address, where the configuration names one. */
  dockerHost?: string;
  /** How long a new container may take to become healthy. */
  healthTimeout: Duration;
  /** Traefik's entry point on which services are reached. */
  entryPoint: EntryPoint;
  /** The memory limit of a service: the configured one, else the given default, in MiB. */
  memory(service: ServiceName, otherwise: Size): number;
}

/** `web` is plain HTTP; `websecure` is HTTPS. */
export type EntryPoint = "web" | "websecure";

/** Derives the context from a stack's configuration. */
export function stackContext(config: Config): StackContext {
  return {
    prefix: `${pulumi.getProject()}-${pulumi.getStack()}`,
    dockerHost: config.dockerHost,
    healthTimeout: `${config.healthTimeout} seconds`,
    entryPoint: config.tls === "acme" ? "websecure" : "web",
    memory: (service, otherwise) => toMebibytes(config.memory[service] ?? otherwise),
  };
}

/** The one Docker host of the stack. */
export function dockerProvider(config: Config): docker.Provider {
  return new docker.Provider("docker", { host: config.dockerHost });
}

/** The labels by which a stack's own containers, networks and volumes are told from others on the same host. */
export function stackLabels(context: StackContext, service?: string): Record<string, string> {
  return { "dating.stack": context.prefix, ...(service && { "dating.service": service }) };
}

/** Labels in the form and the order that the Docker provider reads back. */
export function labelList(labels: Record<string, string>): { label: string; value: string }[] {
  return Object.entries(labels)
    .map(([label, value]) => ({ label, value }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}
