import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { toSeconds } from "../../config/units";
import type { StackContext } from "../context";
import { dockerHealthCheck, drainFile } from "../health-check";
import { typescriptHook } from "../hook";
import {
  hostPathsOf,
  labelsOf,
  logging,
  type Attachment,
  type Orchestrator,
  type PublishedPort,
  type WorkloadArgs,
} from "./spec";

/** One container of a Docker host for each service, and the gate that also drains it before it is stopped. */
export const containers: Orchestrator = {
  network: { driver: "bridge" },
  // The services are on this host: who does not take a connection at once is gone, and 30 seconds are too long to wait.
  finder: { provider: "docker", options: [], dialTimeout: "2s", paths: [] },
  make(parent, name, args) {
    const container = createContainer(parent, args);
    return {
      name: container.name,
      release: container.id,
      ready: [createGate(parent, name, args, container)],
    };
  },
};

function createContainer(parent: pulumi.Resource, args: WorkloadArgs): docker.Container {
  const { context, service } = args;
  const startFirst = args.rollout === "start-first";
  return new docker.Container(
    `${context.prefix}-${service}`,
    {
      // Without a name of its own: the old and the new container exist side by side, so each gets a random suffix.
      image: args.image,
      command: args.command,
      entrypoints: args.entrypoint,
      envs: args.environment && environmentList({ ...args.environment, ...args.secretEnvironment }),
      user: args.user,
      labels: labelsOf(args),
      networksAdvanced: args.networks.map(({ network, aliases }) => ({ name: network.name, aliases })),
      ports: args.ports?.flatMap(({ container, host, reach }) =>
        addressesOf(reach, context).map((ip) => ({ internal: container, external: host, ip })),
      ),
      volumes: [
        ...(args.volumes ?? []).map(({ volume, path, readOnly }) => ({
          ...{ volumeName: volume.name, containerPath: path, readOnly },
        })),
        ...hostPathsOf(args).map(({ host, container }) => ({
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
      logDriver: logging.driver,
      logOpts: logging.options,
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

function createGate(parent: pulumi.Resource, name: string, args: WorkloadArgs, container: docker.Container) {
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
    { parent, deleteBeforeReplace: false, dependsOn: args.served && args.served.edge.ready },
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
