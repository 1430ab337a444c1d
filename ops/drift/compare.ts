import { isDeepStrictEqual } from "node:util";

import type { InspectedContainer, InspectedImage } from "../host/inspect";

/** Inputs of a docker.Container, as the state has them. */
export type ContainerInputs = Record<string, unknown>;

/** A difference between what was deployed and what is there. */
export interface Difference {
  /** The resource's input that differs. */
  property: string;
  /** What differs, in words. Never holds a value of a secret. */
  text: string;
}

/** The images that a comparison needs: the one that the state names, if the host has it, and the container's own. */
export interface Images {
  wanted?: InspectedImage;
  own?: InspectedImage;
}

type Reader = (inputs: ContainerInputs, container: InspectedContainer, images: Images) => Pair;
/** What the state has, and what is there, in one form. */
type Pair = { wanted: unknown; found: unknown };

/**
 * How each input of a container is read back from `docker inspect`. The provider itself reads only some of them back:
 * for `envs`, `labels`, `volumes`, `command` and `logOpts` it answers with what the state has.
 */
const readers: Record<string, Reader> = {
  capabilities: ({ capabilities }, { HostConfig }) => {
    const { adds, drops } = (capabilities ?? {}) as { adds?: string[]; drops?: string[] };
    const list = (names?: string[] | null) =>
      [...(names ?? [])].map((name) => name.replace(/^CAP_/, "")).sort();
    return {
      wanted: { adds: list(adds), drops: list(drops) },
      found: { adds: list(HostConfig.CapAdd), drops: list(HostConfig.CapDrop) },
    };
  },
  command: ({ command }, { Config }) => ({ wanted: command, found: command ? Config.Cmd : undefined }),
  healthcheck: ({ healthcheck }, { Config }) => {
    if (!healthcheck) return { wanted: undefined, found: undefined };
    const wanted = healthcheck as Record<string, string> & { tests: string[]; retries: number };
    const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = Config.Healthcheck ?? {};
    return {
      wanted: {
        test: wanted.tests,
        interval: seconds(wanted.interval),
        timeout: seconds(wanted.timeout),
        startPeriod: seconds(wanted.startPeriod),
        startInterval: seconds(wanted.startInterval),
        retries: wanted.retries,
      },
      found: {
        test: Test,
        interval: (Interval ?? 0) / 1e9,
        timeout: (Timeout ?? 0) / 1e9,
        startPeriod: (StartPeriod ?? 0) / 1e9,
        startInterval: (StartInterval ?? 0) / 1e9,
        retries: Retries,
      },
    };
  },
  // A tag that was moved by hand leaves the reference as it is; the image's id tells.
  image: ({ image }, container, { wanted }) =>
    container.Config.Image === image && wanted && wanted.Id !== container.Image
      ? { wanted: wanted.Id, found: container.Image }
      : { wanted: image, found: container.Config.Image },
  init: ({ init }, { HostConfig }) => ({ wanted: init ?? false, found: HostConfig.Init ?? false }),
  labels: ({ labels }, { Config }, { own }) => {
    const list = (labels ?? []) as { label: string; value: string }[];
    return {
      wanted: Object.fromEntries(list.map(({ label, value }) => [label, value])),
      found: without(Config.Labels, own?.Config.Labels),
    };
  },
  logDriver: ({ logDriver }, { HostConfig }) => ({ wanted: logDriver, found: HostConfig.LogConfig.Type }),
  logOpts: ({ logOpts }, { HostConfig }) => ({
    wanted: logOpts ?? {},
    found: HostConfig.LogConfig.Config ?? {},
  }),
  memory: ({ memory }, { HostConfig }) => ({ wanted: memory ?? 0, found: HostConfig.Memory / mebibyte }),
  // Hosts without swap accounting report -1.
  shmSize: ({ shmSize }, { HostConfig }) => {
    const found = HostConfig.ShmSize / mebibyte;
    return { wanted: shmSize ?? found, found };
  },
  memorySwap: ({ memorySwap }, { HostConfig }) => ({
    wanted: memorySwap ?? 0,
    found: HostConfig.MemorySwap === -1 ? memorySwap : HostConfig.MemorySwap / mebibyte,
  }),
  networksAdvanced: ({ networksAdvanced }, container) => {
    const wanted = (networksAdvanced ?? []) as { name: string; aliases?: string[] }[];
    const networks = container.NetworkSettings.Networks;
    const aliasesOf = (name: string) => wanted.find((network) => network.name === name)?.aliases ?? [];
    return {
      wanted: Object.fromEntries(wanted.map(({ name, aliases }) => [name, [...(aliases ?? [])].sort()])),
      // Docker adds the container's id to the aliases.
      found: Object.fromEntries(
        Object.entries(networks).map(([name, { Aliases }]) => [
          name,
          (Aliases ?? []).filter((alias) => aliasesOf(name).includes(alias)).sort(),
        ]),
      ),
    };
  },
  ports: ({ ports }, { HostConfig }) => {
    const list = (ports ?? []) as { internal: number; external?: number; ip?: string; protocol?: string }[];
    return {
      wanted: list
        .map(({ internal, external, ip, protocol }) => `${ip}:${external}->${internal}/${protocol ?? "tcp"}`)
        .sort(),
      found: Object.entries(HostConfig.PortBindings ?? {})
        .flatMap(([port, bindings]) =>
          (bindings ?? []).map(({ HostIp, HostPort }) => `${HostIp || "0.0.0.0"}:${HostPort}->${port}`),
        )
        .sort(),
    };
  },
  privileged: ({ privileged }, { HostConfig }) => ({
    wanted: privileged ?? false,
    found: HostConfig.Privileged,
  }),
  readOnly: ({ readOnly }, { HostConfig }) => ({
    wanted: readOnly ?? false,
    found: HostConfig.ReadonlyRootfs,
  }),
  restart: ({ restart }, { HostConfig }) => ({
    wanted: restart ?? "no",
    found: HostConfig.RestartPolicy.Name,
  }),
  securityOpts: ({ securityOpts }, { HostConfig }) => ({
    wanted: [...((securityOpts ?? []) as string[])].sort(),
    found: [...(HostConfig.SecurityOpt ?? [])].sort(),
  }),
  stopTimeout: ({ stopTimeout }, { Config }) => ({ wanted: stopTimeout, found: Config.StopTimeout }),
  tmpfs: ({ tmpfs }, { HostConfig }) => ({ wanted: tmpfs ?? {}, found: HostConfig.Tmpfs ?? {} }),
  ulimits: ({ ulimits }, { HostConfig }) => {
    const list = (ulimits ?? []) as { name: string; hard: number; soft: number }[];
    return {
      wanted: list.map(({ name, hard, soft }) => `${name}=${soft}:${hard}`).sort(),
      found: (HostConfig.Ulimits ?? []).map(({ Name, Hard, Soft }) => `${Name}=${Soft}:${Hard}`).sort(),
    };
  },
  user: ({ user }, { Config }) => ({ wanted: user, found: user === undefined ? undefined : Config.User }),
  usernsMode: ({ usernsMode }, { HostConfig }) => ({
    wanted: usernsMode ?? "",
    found: HostConfig.UsernsMode ?? "",
  }),
  volumes: ({ volumes }, { Mounts }) => {
    const list = (volumes ?? []) as Record<string, string | boolean | undefined>[];
    const mode = (readOnly: unknown) => (readOnly ? "ro" : "rw");
    const wanted = list.map(
      ({ volumeName, hostPath, containerPath, readOnly }) =>
        [`${containerPath}`, `${volumeName ?? hostPath} (${mode(readOnly)})`] as const,
    );
    const places = new Map(wanted);
    return {
      wanted: Object.fromEntries(places),
      // An image may declare volumes of its own, which get a name of 64 digits.
      found: Object.fromEntries(
        Mounts.filter(({ Type, Name, Destination }) =>
          Type === "volume" ? places.has(Destination) || !/^[0-9a-f]{64}$/.test(Name ?? "") : Type === "bind",
        ).map(({ Type, Name, Source, Destination, RW }) => [
          Destination,
          `${Type === "volume" ? Name : Source} (${mode(!RW)})`,
        ]),
      ),
    };
  },
};

/** Inputs that are about the provider's own doing, that nothing on the host tells, or that are compared elsewhere. */
const elsewhere = [
  "__defaults",
  "containerReadRefreshTimeoutMilliseconds",
  "destroyGraceSeconds",
  "envs",
  "mustRun",
  "name",
  "networkMode",
  "removeVolumes",
  "start",
  "uploads",
  "wait",
  "waitTimeout",
];

/** The inputs of a container that no comparison looks at: a new option of the program needs a reader here. */
export function uncompared(inputs: ContainerInputs): string[] {
  return Object.keys(inputs).filter((name) => !(name in readers) && !elsewhere.includes(name));
}

/**
 * Compares a container with what was deployed. Values are shown, except those of secrets and of environment variables,
 * of which only the names are.
 */
export function compareContainer(
  inputs: ContainerInputs,
  secretInputs: ReadonlySet<string>,
  container: InspectedContainer,
  images: Images,
): Difference[] {
  const differences = Object.entries(readers).flatMap(([property, read]) => {
    const { wanted, found } = read(inputs, container, images);
    if (isDeepStrictEqual(plain(wanted), plain(found))) return [];
    return [
      {
        property,
        text: secretInputs.has(property)
          ? `${property} differs (secret)`
          : `${property}: ${inWords(wanted, found)}`,
      },
    ];
  });
  return [...differences, ...compareEnvironment(inputs, container, images)];
}

function compareEnvironment(inputs: ContainerInputs, { Config }: InspectedContainer, { own }: Images) {
  const byName = (list?: unknown) =>
    new Map(((list ?? []) as string[]).map((entry) => [entry.replace(/=.*/s, ""), entry]));
  const [wanted, found, image] = [byName(inputs.envs), byName(Config.Env), byName(own?.Config.Env)];
  const changed = [...wanted.keys()].filter((name) => found.get(name) !== wanted.get(name));
  const added = [...found.keys()].filter((name) => !wanted.has(name) && found.get(name) !== image.get(name));
  const parts = [
    ...changed.map((name) => `${name} ${found.has(name) ? "has another value" : "is missing"}`),
    ...added.map((name) => `${name} was not deployed`),
  ];
  return parts.length === 0 ? [] : [{ property: "envs", text: `environment: ${parts.join(", ")}` }];
}

/** Says what changed: of two sets of names and values only what differs, of anything else both. */
function inWords(wanted: unknown, found: unknown): string {
  if (isRecord(wanted) && isRecord(found)) {
    return [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
      .filter((name) => !isDeepStrictEqual(plain(wanted[name]), plain(found[name])))
      .map((name) => `${name} ${inWords(wanted[name], found[name])}`)
      .join(", ");
  }
  return `${show(wanted)} → ${show(found)}`;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** Without the engine's own marks and without keys that have no value. */
function plain(value: unknown): unknown {
  return value === undefined || value === null
    ? null
    : (JSON.parse(
        JSON.stringify(value, (name, inner: unknown) => (name === "__defaults" ? undefined : inner)),
      ) as unknown);
}

function without(all: Record<string, string> | null, image?: Record<string, string> | null) {
  return Object.fromEntries(Object.entries(all ?? {}).filter(([name, value]) => image?.[name] !== value));
}

const mebibyte = 1024 * 1024;

/** Reads Go's spelling of a duration, as `"1m30s"`, in seconds; Docker tells durations in nanoseconds. */
function seconds(duration = "0s"): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3 };
  return [...duration.matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * units[unit!]!,
    0,
  );
}
