import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { toGoDuration, toSeconds, type Duration } from "../config/units";
import { labelList, stackLabels, type StackContext } from "./context";

/** How the health of a container is asked. */
export interface HealthCheck {
  /**
   * A shell command that exits with 0 when the service answers: it asks the service, not the process. A list is run
   * without a shell, for images that have none.
   */
  command: string | string[];
  /** @default "5 seconds" */
  interval?: Duration;
  /** @default "3 seconds" */
  timeout?: Duration;
  /** Failures in a row after which the container is unhealthy. @default 3 */
  retries?: number;
  /** Time after the start in which a failure does not count. @default "30 seconds" */
  startPeriod?: Duration;
}

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
  /** `"everyone"` listens on all interfaces: the edge only. Loopback is for operators on the host itself. */
  reach: "loopback" | "everyone";
}

/** A network that the container joins, and the names under which others there find it. */
export interface Attachment {
  network: docker.Network;
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
  labels?: Record<string, string>;
  health: HealthCheck;
  /** Hard memory limit in MiB; swap is not added to it. */
  memory: number;
  /** Time between the stop signal and the kill. @default "30 seconds" */
  stopTimeout?: Duration;
  /** User and group, where the image's own is not to be used. */
  user?: string;
  /** What is kept of the capabilities; all others are dropped. @default none */
  capabilities?: Capability[];
  /** Paths that the Docker host's own files are mounted at, read-only. */
  hostPaths?: { host: string; container: string }[];
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
 * stopped, for services that own neither a host port nor data that only one may write. `"stop-first"`: the others.
 */
type RolloutArgs =
  | { rollout: "start-first"; ports?: never; volumes?: SharedVolume[]; health: { command: string } }
  | { rollout: "stop-first"; ports?: PublishedPort[]; volumes?: MountedVolume[] };

/** A volume and where it is mounted. */
export interface MountedVolume {
  volume: docker.Volume;
  path: string;
}

/** A volume that the old and the new container may write at the same time. */
export interface SharedVolume extends MountedVolume {
  sharedBetweenReleases: true;
}

export type WorkloadArgs = CommonArgs & FilesystemArgs & RolloutArgs;

/**
 * A service: one container with everything that all services share, and the gate that holds a deploy until
 * the container is healthy and drains it before it is stopped.
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

/** A container is marked for draining by this file; its health check fails from then on. */
const drainFile = "/tmp/drain";

function createContainer(parent: Workload, args: WorkloadArgs): docker.Container {
  const { context, service } = args;
  const startFirst = args.rollout === "start-first";
  return new docker.Container(
    `${context.prefix}-${service}`,
    {
      // The old and the new container exist side by side, so each gets a name of its own with a random suffix.
      name: startFirst ? undefined : `${context.prefix}-${service}`,
      image: args.image,
      command: args.command,
      entrypoints: args.entrypoint,
      envs: args.environment && environmentList(args.environment),
      user: args.user,
      labels: labelList({ ...stackLabels(context, service), ...reasonLabel(args), ...args.labels }),
      networksAdvanced: args.networks.map(({ network, aliases }) => ({ name: network.name, aliases })),
      ports: args.ports?.map(({ container, host, reach }) => ({
        internal: container,
        external: host,
        ip: reach === "loopback" ? "127.0.0.1" : "0.0.0.0",
      })),
      volumes: [
        ...(args.volumes ?? []).map(({ volume, path }) => ({ volumeName: volume.name, containerPath: path })),
        ...(args.hostPaths ?? []).map(({ host, container }) => ({
          hostPath: host,
          containerPath: container,
          readOnly: true,
        })),
      ],
      uploads: args.files?.map(({ path, content }) => ({ file: path, content, permissions: "0444" })),
      readOnly: args.filesystem === "read-only",
      tmpfs: args.temporary && Object.fromEntries(args.temporary.map((path) => [path, temporaryOptions])),
      healthcheck: healthcheck(args.health, startFirst),
      memory: args.memory,
      // Unset, Docker doubles the limit with swap and the provider sees a difference in every preview.
      memorySwap: args.memory,
      capabilities: { adds: args.capabilities && [...args.capabilities].sort(), drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      ulimits: [{ name: "nproc", soft: processLimit, hard: processLimit }],
      init: true,
      restart: "unless-stopped",
      stopTimeout: toSeconds(args.stopTimeout ?? "30 seconds"),
      destroyGraceSeconds: toSeconds(args.stopTimeout ?? "30 seconds"),
      logDriver: "json-file",
      logOpts: { "max-file": "3", "max-size": "10m" },
      // The gate waits instead: it does not lose the old container and shows the new one's log.
      wait: false,
    },
    {
      parent,
      deleteBeforeReplace: !startFirst,
      // Plugins from before August 2026 take an edit of these for an update that changes nothing
      // (kreuzwerker/terraform-provider-docker 988, 989).
      replaceOnChanges: ["healthcheck", "init", "tmpfs"],
    },
  );
}

function createGate(parent: Workload, name: string, args: WorkloadArgs, container: docker.Container) {
  const startFirst = args.rollout === "start-first";
  return new command.local.Command(
    `${name}-healthy`,
    {
      create: "bash hooks/await-healthy.sh",
      update: "true",
      delete: startFirst ? "bash hooks/drain.sh" : undefined,
      environment: {
        ...(args.context.dockerHost && { DOCKER_HOST: args.context.dockerHost }),
        CONTAINER: container.id,
        DRAIN_FILE: drainFile,
        HEALTH_TIMEOUT: String(toSeconds(args.context.healthTimeout)),
      },
      triggers: [container.id],
    },
    { parent, deleteBeforeReplace: !startFirst },
  );
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

function healthcheck(health: HealthCheck, drainable: boolean) {
  const { command } = health;
  return {
    tests: Array.isArray(command)
      ? ["CMD", ...command]
      : ["CMD-SHELL", drainable ? `test ! -e ${drainFile} && ${command}` : command],
    interval: toGoDuration(health.interval ?? "5 seconds"),
    timeout: toGoDuration(health.timeout ?? "3 seconds"),
    startPeriod: toGoDuration(health.startPeriod ?? "30 seconds"),
    retries: health.retries ?? 3,
  };
}

function environmentList(environment: Record<string, pulumi.Input<string>>): pulumi.Output<string>[] {
  return Object.entries(environment)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => pulumi.interpolate`${name}=${value}`);
}
