import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

import type { Duration } from "../../config/units";
import { labelList, stackLabels, type StackContext } from "../context";
import type { DrainableHealthCheck, HealthCheck } from "../health-check";
import { routeLabels, type Served } from "../edge/routes";

/*
 * What a service is, whatever runs it: one container of a host, or the tasks of a Swarm service.
 */

/** A Linux capability, as `docker inspect` spells it. */
export type Capability = `CAP_${string}`;

/** A file that is put into the container before it starts. A change of its content is another release of the service. */
export interface ContainerFile {
  path: string;
  content: pulumi.Input<string>;
}

/** A port that is published on the Docker host. */
export interface PublishedPort {
  container: number;
  host: number;
  /** `"everyone"` listens on all interfaces, by IPv6 too where the stack has it: the edge only. Loopback is for operators on the host itself. */
  reach: "loopback" | "everyone";
}

/** A network that the container joins, and the names under which others there find it. */
export interface Attachment {
  network: Pick<docker.Network, "name" | "id"> | { name: string };
  aliases?: string[];
}

interface CommonArgs {
  context: StackContext;
  /** The service's name: part of the container's name, and the label `dating.service`. */
  service: string;
  /** Image reference, in the one form in which the configuration has it. */
  image: pulumi.Input<string>;
  command?: pulumi.Input<string>[];
  /** @default the image's own */
  entrypoint?: string[];
  environment?: Record<string, pulumi.Input<string>>;
  /** Variables that nobody is to read who may only ask an engine what it runs. Where they cannot be kept from it, they are as the others. */
  secretEnvironment?: Record<string, pulumi.Input<string>>;
  networks: Attachment[];
  labels?: Record<string, pulumi.Input<string>>;
  /** How the edge serves it. @default not at all */
  served?: Served;
  /** Hard memory limit in MiB; swap is not added to it. */
  memory: number;
  /** MiB of `/dev/shm`. @default Docker's 64 */
  sharedMemory?: number;
  /** Time between the stop signal and the kill. @default "30 seconds" */
  stopTimeout?: Duration;
  /** User and group, where the image's own is not to be used. */
  user?: string;
  /** What is kept of the capabilities; all others are dropped. @default none */
  capabilities?: Capability[];
  /** Paths that the Docker host's own files are mounted at, read-only. */
  hostPaths?: { host: string; container: string }[];
  /**
   * Where the host has the Docker Engine's socket, for the one that reads it at /var/run/docker.sock. Of its user namespace
   * and SELinux label, each of which would keep the socket from it, it is let off; on an engine without them that is nothing.
   */
  dockerSocket?: string;
}

/**
 * Where a container may write. `"read-only"` leaves it the volumes and the temporary file systems.
 * The Docker provider puts files into the root file system only (also those below a volume's folder), which Docker refuses
 * where that is read-only; so what gets a file says why it may write, and its label `dating.writable-because` repeats it.
 */
type FilesystemArgs =
  | { filesystem: "read-only"; temporary?: string[]; files?: never }
  | { filesystem: { writableBecause: string }; temporary?: string[]; files?: ContainerFile[] };

/**
 * How a change reaches the service. `"start-first"`: the new container is healthy before the old one is drained and
 * stopped, for services that own neither a host port nor data that only one may write. `"stop-first"`: the others. The new
 * container is made before the old one is stopped, and where it does not come up, the old one is started again.
 */
type RolloutArgs =
  | {
      rollout: "start-first";
      ports?: never;
      volumes?: SharedVolume[];
      health: DrainableHealthCheck;
    }
  | {
      rollout: "stop-first";
      ports?: PublishedPort[];
      volumes?: MountedVolume[];
      health: HealthCheck;
    };

/** A volume and where it is mounted. */
export interface MountedVolume {
  volume: docker.Volume;
  path: string;
  /** That it is only read. @default it is written, too */
  readOnly?: true;
  /** @default only one container of the service may write it */
  sharedBetweenReleases?: true;
}

/** A volume that the old and the new container may write at the same time. */
export interface SharedVolume extends MountedVolume {
  sharedBetweenReleases: true;
}

export type WorkloadArgs = CommonArgs & FilesystemArgs & RolloutArgs;

/** What is made of a specification. */
export interface Made {
  /** What Docker calls it. */
  name: pulumi.Output<string>;
  /** Another one for each release, by which hooks find it: what has to be done again for each is triggered by it. */
  release: pulumi.Output<string>;
  /** What depends on these starts only when the service is healthy and, where the edge leads to it, served. */
  ready: pulumi.Resource[];
}

/** What turns specifications into what runs. No component knows which one its stack has. */
export interface Orchestrator {
  /** What the stack's networks are made with. */
  readonly network: { driver: "bridge" } | { driver: "overlay"; attachable: true };
  /** How the edge finds services. */
  readonly finder: Finder;
  /** @param parent what the resources belong to. @param name the first part of the names of those that are no container or service */
  make(parent: pulumi.Resource, name: string, args: WorkloadArgs): Made;
}

/** How Traefik finds services. */
export interface Finder {
  /** The name of its provider, which its names for services end with. */
  provider: "docker" | "swarm";
  /** Further options of the provider. */
  options: string[];
  /** How long a service may take to accept a connection. */
  dialTimeout: string;
  /** What else it asks the Docker Engine for, as a part of a regular expression. */
  paths: string[];
}

/** The labels of a service, in the form and the order that the Docker provider reads back. */
export function labelsOf(args: WorkloadArgs): { label: string; value: pulumi.Input<string> }[] {
  const { context, service } = args;
  return labelList<pulumi.Input<string>>({
    ...stackLabels(context, service),
    ...reasonLabel(args),
    ...(args.served && routeLabels(context, service, args.served)),
    ...args.labels,
  });
}

/** Makes the reason for a writable root file system part of what `docker inspect` shows. */
function reasonLabel({ filesystem }: WorkloadArgs): Record<string, string> {
  return filesystem === "read-only" ? {} : { "dating.writable-because": filesystem.writableBecause };
}

/** The host's own files that it reads, and where. */
export function hostPathsOf({
  hostPaths = [],
  dockerSocket,
}: WorkloadArgs): { host: string; container: string }[] {
  return dockerSocket ? [...hostPaths, { host: dockerSocket, container: "/var/run/docker.sock" }] : hostPaths;
}

/** Rotation of the logs that Docker keeps. */
export const logging = { driver: "json-file", options: { "max-file": "3", "max-size": "10m" } };
