import { createHash } from "node:crypto";

import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { quoted } from "../../config/shell";
import { toGoDuration, toSeconds, type Duration } from "../../config/units";
import { dataLabel } from "../../host/asking/swarm";
import { labelList, stackLabels } from "../context";
import { typescriptHook } from "../hook";
import { hostPathsOf, labelsOf, logging, type Orchestrator, type WorkloadArgs } from "./spec";

/** What of a stack's configuration its Swarm services are made with. */
export interface ServicesConfig {
  /** How many tasks a service has. @default 1 */
  replicas: { [service in string]?: number };
}

/**
 * A service of Docker Swarm for each service. What Swarm does is left to it: it starts a new release beside the old one,
 * or after it, and goes back where that fails. The gate watches meanwhile, and says in the task's own words what is wrong.
 *
 * Options are those that the provider reads back as they were written, found one by one on the real engine.
 */
export function services(config: ServicesConfig): Orchestrator {
  return {
    network: { driver: "overlay", attachable: true },
    finder: {
      provider: "swarm",
      // An engine waits 2 seconds between the end of a task's service and its stop signal. Traefik has to know of it by then: it
      // asks each second, and takes half a second at most (its throttle) to act.
      options: ["refreshseconds=1"],
      dialTimeout: "500ms",
      paths: ["services", "tasks", "nodes/[A-Za-z0-9]+"],
    },
    make(parent, name, args) {
      const replicas = config.replicas[args.service] ?? 1;
      const secrets = createSecrets(parent, args);
      const task = taskOf(args, secrets);
      // What tells the tasks of one release from those of another.
      const tasks = hashOf(pulumi.jsonStringify(task));
      const release = hashOf(
        pulumi.jsonStringify([tasks, labelsOf(args), args.ports, replicas, args.rollout]),
      );
      const service = createService(parent, args, { task, tasks, release, replicas }, secrets);
      return {
        name: pulumi.output(fullName(args)),
        release: pulumi.interpolate`${fullName(args)}@${release}@${tasks}`,
        // The gate begins with the service and not after it: where that fails, the provider takes away what would say why.
        ready: [service, createGate(parent, name, args, { release, tasks }, secrets)],
      };
    },
  };
}

const fullName = ({ context, service }: WorkloadArgs) => `${context.prefix}-${service}`;

/** A file of a service as Swarm keeps it. */
interface Kept {
  path: string;
  secret: docker.Secret;
}

/** Where a service finds the variables that nobody else is to read. */
const environmentFile = "/run/secrets/environment";

/**
 * The files of a service, each a secret of Swarm with a name by its content: a change of it is another secret, which is there
 * before the old one goes. Also those that are none, as they are delivered alike.
 */
function createSecrets(parent: pulumi.Resource, args: WorkloadArgs): Kept[] {
  const { context, secretEnvironment } = args;
  const variables =
    secretEnvironment && pulumi.output(secretEnvironment).apply((given) => environmentText(given));
  const files = [
    ...(args.files ?? []),
    ...(variables ? [{ path: environmentFile, content: variables }] : []),
  ];
  return files.map(({ path, content }) => {
    const text = pulumi.secret(content);
    // Of 48 bits of a hash of what is, by itself or with its neighbours, too long to be guessed.
    const name = pulumi.unsecret(text).apply((plain) => `${fullName(args)}-${hash(`${path}\n${plain}`)}`);
    const secret = new docker.Secret(
      `${context.prefix}-${args.service}${path.replaceAll("/", "-")}`,
      { name, data: text.apply((plain) => Buffer.from(plain).toString("base64")) },
      { parent, deleteBeforeReplace: false },
    );
    return { path, secret };
  });
}

function environmentText(variables: Record<string, string>): string {
  return Object.entries(variables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join("");
}

type TaskSpec = docker.types.input.ServiceTaskSpec;

/** What runs: a change of it is new tasks. */
function taskOf(args: WorkloadArgs, secrets: Kept[]): TaskSpec {
  const { context, service } = args;
  const { commands, args: words } = commandOf(args);
  const { command: check, timeout = "3 seconds", startPeriod = "30 seconds" } = args.health;
  const retries = "retries" in args.health ? args.health.retries : undefined;
  return {
    containerSpec: {
      image: args.image,
      commands,
      args: words,
      env: args.environment,
      user: args.user,
      // A change of these replaces the service: they never change.
      labels: labelList(stackLabels(context, service)),
      mounts: mountsOf(args),
      secrets: secrets.map(({ path, secret }) => ({
        ...{ secretId: secret.id, secretName: secret.name },
        ...{ fileName: path, fileMode: 0o444, fileUid: "0", fileGid: "0" },
      })),
      readOnly: args.filesystem === "read-only",
      healthcheck: {
        tests: Array.isArray(check) ? ["CMD", ...check] : ["CMD-SHELL", check],
        // The provider knows no start interval: the usual one is waited for before a new task is asked.
        interval: short(args.health.interval ?? "5 seconds"),
        timeout: short(timeout),
        retries: retries ?? 3,
        startPeriod: short(startPeriod),
      },
      capAdds: args.capabilities && [...args.capabilities].sort(),
      capDrops: ["ALL"],
      init: true,
      stopGracePeriod: short(args.stopTimeout ?? "30 seconds"),
    },
    resources: { limits: { memoryBytes: args.memory * mebibyte } },
    placement: {
      constraints: isBound(args) ? [`node.labels.${dataLabel(context.prefix)}==yes`] : [],
      prefs: isBound(args) ? [] : ["node.id"],
      // Named, as the engine fills in its own.
      platforms: [{ architecture: "amd64", os: "linux" }],
    },
    restartPolicy: { condition: "any", delay: "2s", maxAttempts: 0, window: "0s" },
    logDriver: { name: logging.driver, options: logging.options },
    networksAdvanceds: args.networks.map(({ network, aliases }) => {
      if (!("id" in network))
        throw new Error(`a Swarm service is on networks of its stack only, and not on ${network.name}`);
      return { id: network.id, aliases };
    }),
  };
}

const mebibyte = 1024 ** 2;

/** A duration as the provider reads back those of a service: without the zeros at its end. */
const short = (duration: Duration) => toGoDuration(duration).replace(/m0s$/, "m").replace(/h0m$/, "h");

/**
 * Whether it can run on one node only: it has data there, or a port that people know, or the engine that is asked. A task that
 * starts on another node would find an empty volume there, and nobody would say so.
 */
function isBound({ volumes = [], ports = [], dockerSocket, hostPaths = [] }: WorkloadArgs): boolean {
  return volumes.length > 0 || ports.length > 0 || hostPaths.length > 0 || dockerSocket !== undefined;
}

/** Its command line. Variables that are secret come from a file, which a shell of the image reads. */
function commandOf({
  service,
  command: words,
  entrypoint,
  secretEnvironment,
}: WorkloadArgs): Pick<docker.types.input.ServiceTaskSpecContainerSpec, "commands" | "args"> {
  if (!secretEnvironment) return { commands: entrypoint, args: words };
  if (!words)
    throw new Error(
      `${service} has secrets in its environment, and no command line that could be given them`,
    );
  return {
    commands: ["sh", "-c", `. ${environmentFile} && exec "$@"`, "sh", ...(entrypoint ?? [])],
    args: words,
  };
}

type Mount = docker.types.input.ServiceTaskSpecContainerSpecMount;

function mountsOf(args: WorkloadArgs): Mount[] {
  const temporary = [
    ...(args.temporary ?? []).map((target) => ({ target, size: 64 })),
    ...(args.sharedMemory ? [{ target: "/dev/shm", size: args.sharedMemory }] : []),
  ];
  return [
    ...(args.volumes ?? []).map(({ volume, path, readOnly }): Mount => ({
      ...{ type: "volume", source: volume.name, target: path, readOnly: readOnly ?? false },
    })),
    ...hostPathsOf(args).map(({ host, container }): Mount => ({
      type: "bind",
      source: host,
      target: container,
      readOnly: true,
    })),
    // Without its sticky bit, which the provider cannot read back.
    ...temporary.map(({ target, size }): Mount => ({
      type: "tmpfs",
      target,
      tmpfsOptions: { mode: 0o777, sizeBytes: size * mebibyte },
    })),
  ];
}

interface Release {
  task: TaskSpec;
  tasks: pulumi.Output<string>;
  release: pulumi.Output<string>;
  replicas: number;
}

/** Seconds for which a new task has to live before the next is replaced, and in which its death is the release's. */
const monitored = "5s";

function createService(
  parent: pulumi.Resource,
  args: WorkloadArgs,
  { task, tasks, release, replicas }: Release,
  secrets: Kept[],
): docker.Service {
  const { context } = args;
  const update = {
    ...{ parallelism: 1, delay: "0s", order: args.rollout, monitor: monitored, maxFailureRatio: "0.0" },
  };
  const spec = task.containerSpec as docker.types.input.ServiceTaskSpecContainerSpec;
  return new docker.Service(
    fullName(args),
    {
      name: fullName(args),
      labels: [...labelsOf(args), { label: releaseLabel, value: release }].sort((a, b) =>
        a.label < b.label ? -1 : 1,
      ),
      taskSpec: {
        ...task,
        containerSpec: { ...spec, env: { ...args.environment, [releaseVariable]: tasks } },
      },
      mode: { replicated: { replicas } },
      // Virtual addresses need a module of the kernel that not every host has, and fail without a word where it is missing.
      endpointSpec: {
        mode: "dnsrr",
        ports: args.ports?.map(({ container, host }) => ({
          ...{ name: `port-${container}`, protocol: "tcp", targetPort: container, publishedPort: host },
          publishMode: "host",
        })),
      },
      updateConfig: { ...update, failureAction: "rollback" },
      rollbackConfig: { ...update, failureAction: "pause" },
      // Longer than the gate waits: it is to have the first word, and the provider removes a new service that does not come up.
      convergeConfig: { delay: "2s", timeout: `${toSeconds(context.healthTimeout) + 30}s` },
    },
    {
      parent,
      deleteBeforeReplace: true,
      dependsOn: [...secrets.map(({ secret }) => secret), ...edgeOf(args)],
    },
  );
}

/** Label of a service that names its release, and the variable of its tasks that names theirs. */
const releaseLabel = "dating.release";
const releaseVariable = "DATING_RELEASE";

function createGate(
  parent: pulumi.Resource,
  name: string,
  args: WorkloadArgs,
  { release, tasks }: Pick<Release, "release" | "tasks">,
  secrets: Kept[],
): command.local.Command {
  const { context } = args;
  return new command.local.Command(
    `${name}-healthy`,
    {
      create: typescriptHook("converged"),
      update: "true",
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        RELEASE: pulumi.interpolate`${fullName(args)}@${release}@${tasks}`,
        HEALTH_TIMEOUT: String(toSeconds(context.healthTimeout)),
      },
      triggers: [release],
    },
    // The same as the service has: they begin together.
    {
      parent,
      deleteBeforeReplace: false,
      dependsOn: [...secrets.map(({ secret }) => secret), ...edgeOf(args)],
    },
  );
}

const edgeOf = ({ served }: WorkloadArgs) => served?.edge.ready ?? [];

const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

const hashOf = (text: pulumi.Output<string>) => text.apply(hash);
