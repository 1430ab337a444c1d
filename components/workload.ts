import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { toSeconds, type Duration } from "../config/units";
import { dockerHealthCheck, drainFile, type DrainableHealthCheck, type HealthCheck } from "./health-check";
import { labelList, stackLabels, type StackContext } from "./context";
import { typescriptHook } from "./hook";
import { routeLabels, type Served } from "./routes";

/** A Linux capability, as `docker inspect` spells it. */
export type Capability = `CAP_${string}`;

/** A file that is put into the container before it starts. A change of its content replaces the container. */
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
  network: Pick<docker.Network, "name"> | { name: string };
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

/**
 * A service: one container with everything that all services share, and the gate that holds a deploy until the container
 * is healthy and, where the edge leads to it, served, and that drains it before it is stopped.
 *
 * @throws RangeError when a duration is not a whole number of seconds
 */
export class Workload extends pulumi.ComponentResource {
  readonly container: docker.Container;
  /** What depends on this starts only when the service is healthy. */
  readonly healthy: command.local.Command;

  constructor(name: string, args: WorkloadArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Workload", name, {}, opts);
    this.container = createContainer(this, args);
    this.healthy = createGate(this, name, args, this.container);
    this.registerOutputs({ container: this.container.name });
  }
}

function createContainer(parent: Workload, args: WorkloadArgs): docker.Container {
  const { context, service } = args;
  const startFirst = args.rollout === "start-first";
  return new docker.Container(
    `${context.prefix}-${service}`,
    {
      // Without a name of its own: the old and the new container exist side by side, so each gets a random suffix.
      image: args.image,
      command: args.command,
      entrypoints: args.entrypoint,
      envs: args.environment && environmentList(args.environment),
      user: args.user,
      labels: labelList({
        ...stackLabels(context, service),
        ...reasonLabel(args),
        ...(args.served && routeLabels(context, service, args.served)),
        ...args.labels,
      }),
      networksAdvanced: args.networks.map(({ network, aliases }) => ({ name: network.name, aliases })),
      ports: args.ports?.flatMap(({ container, host, reach }) =>
        addressesOf(reach, context).map((ip) => ({ internal: container, external: host, ip })),
      ),
      volumes: [
        ...(args.volumes ?? []).map(({ volume, path, readOnly }) => ({
          ...{ volumeName: volume.name, containerPath: path, readOnly },
        })),
        ...hostPaths(args).map(({ host, container }) => ({
          hostPath: host,
          containerPath: container,
          readOnly: true,
        })),
      ],
      uploads: args.files?.map(({ path, content }) => ({ file: path, content, permissions: "0444" })),
      readOnly: args.filesystem === "read-only",
      tmpfs: args.temporary && Object.fromEntries(args.temporary.map((path) => [path, temporaryOptions])),
      healthcheck: dockerHealthCheck(args.health, { drainable: startFirst, quickStart: context.quickStart }),
      memory: args.memory,
      // Unset, Docker doubles the limit with swap and the provider sees a difference in every preview.
      memorySwap: args.memory,
      shmSize: args.sharedMemory,
      capabilities: { adds: args.capabilities && [...args.capabilities].sort(), drops: ["ALL"] },
      securityOpts: [...(args.dockerSocket ? ["label=disable"] : []), "no-new-privileges:true"],
      usernsMode: args.dockerSocket && "host",
      ulimits: [{ name: "nproc", soft: processLimit, hard: processLimit }],
      init: true,
      restart: "unless-stopped",
      stopTimeout: toSeconds(args.stopTimeout ?? "30 seconds"),
      destroyGraceSeconds: toSeconds(args.stopTimeout ?? "30 seconds"),
      logDriver: "json-file",
      logOpts: { "max-file": "3", "max-size": "10m" },
      // The gate waits instead: it does not lose the old container and shows the new one's log.
      wait: false,
      // The gate starts it, once the one before it is stopped. Were it to run by the provider's account, which finds it made
      // and not started, each preview would start it again.
      ...(!startFirst && { start: false, mustRun: false }),
    },
    {
      parent,
      deleteBeforeReplace: false,
      // Plugins from before August 2026 take an edit of these for an update that changes nothing
      // (kreuzwerker/terraform-provider-docker 988, 989).
      replaceOnChanges: ["healthcheck", "init", "tmpfs"],
      // A host whose engine learns of it is to replace nothing: what is made anew has it.
      ignoreChanges: ["healthcheck.startInterval"],
    },
  );
}

function createGate(parent: Workload, name: string, args: WorkloadArgs, container: docker.Container) {
  const startFirst = args.rollout === "start-first";
  return new command.local.Command(
    `${name}-healthy`,
    {
      create: typescriptHook(startFirst ? "gate" : "switch"),
      update: "true",
      delete: startFirst ? typescriptHook("drain") : undefined,
      environment: {
        ...(args.context.dockerHost && { DOCKER_HOST: args.context.dockerHost }),
        CONTAINER: container.id,
        ...(startFirst ? { DRAIN_FILE: drainFile } : { NETWORKS: networkList(args.networks) }),
        HEALTH_TIMEOUT: String(toSeconds(args.context.healthTimeout)),
      },
      triggers: [container.id],
    },
    { parent, deleteBeforeReplace: false, dependsOn: args.served && [args.served.edge.ready] },
  );
}

/** In the order in which Docker tells them, which the provider compares. */
function addressesOf(reach: PublishedPort["reach"], { ipv6 }: StackContext): string[] {
  if (reach === "loopback") return ["127.0.0.1"];
  return ipv6 ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

/** The networks as a hook is told them: a container that Docker refuses to start loses them. */
function networkList(networks: Attachment[]): pulumi.Output<string> {
  return pulumi.jsonStringify(networks.map(({ network, aliases = [] }) => ({ name: network.name, aliases })));
}

function hostPaths({ hostPaths = [], dockerSocket }: WorkloadArgs): { host: string; container: string }[] {
  return dockerSocket ? [...hostPaths, { host: dockerSocket, container: "/var/run/docker.sock" }] : hostPaths;
}

/** Makes the reason for a writable root file system part of what `docker inspect` shows. */
function reasonLabel({ filesystem }: WorkloadArgs): Record<string, string> {
  return filesystem === "read-only" ? {} : { "dating.writable-because": filesystem.writableBecause };
}

/**
 * Processes and threads that a container's user may have. The provider has no limit for a container; this one the kernel
 * counts by the user's number, over all containers and stacks of the host, and does not hold root to. A busy stack has
 * some 150 of one user (postgres with its 100 connections), or 300 (Go programs on a host with many processors, all as
 * `nobody`): enough for ten stacks, and an eighth of the 32,768 that even a small host can number.
 */
const processLimit = 4096;

/** Options of a temporary file system, in the spelling that Docker reads back. */
const temporaryOptions = "mode=1777,size=64m";

function environmentList(environment: Record<string, pulumi.Input<string>>): pulumi.Output<string>[] {
  return Object.entries(environment)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => pulumi.interpolate`${name}=${value}`);
}
