import type {
  EngineInfo,
  EngineVersion,
  HostAnswers,
  ListedContainer,
  ListedNetwork,
} from "../../../host/asking/answers";
import type { Wanted } from "../../../host/wanted";

/** What Docker Engine 29.8.1 answered on a Debian host, but for what is not read. */
const version: EngineVersion = {
  Version: "29.8.1",
  ApiVersion: "1.56",
  MinAPIVersion: "1.40",
  Os: "linux",
  Arch: "amd64",
};
const info: EngineInfo = {
  Name: "vm",
  ServerVersion: "29.8.1",
  OperatingSystem: "Debian GNU/Linux 12 (bookworm)",
  OSType: "linux",
  KernelVersion: "6.18.44",
  Architecture: "x86_64",
  Driver: "overlayfs",
  DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
  DockerRootDir: "/var/lib/docker",
  LoggingDriver: "json-file",
  CgroupDriver: "cgroupfs",
  CgroupVersion: "1",
  MemTotal: 25276502016,
  MemoryLimit: true,
  SwapLimit: true,
  IPv4Forwarding: true,
  LiveRestoreEnabled: false,
  SecurityOptions: ["name=seccomp,profile=builtin"],
  FirewallBackend: { Driver: "iptables", Info: [["EnableUserlandProxy", "true"]] },
  Swarm: { LocalNodeState: "inactive" },
  SystemTime: "2026-11-27T15:42:58.869648841Z",
  Warnings: [],
};

/** The default networks of a Docker Engine. */
export const networks: ListedNetwork[] = [
  network("bridge", "172.17.0.0/16"),
  { Name: "host", Driver: "host", IPAM: { Config: null }, Labels: {} },
  { Name: "none", Driver: "null", IPAM: { Config: [] }, Labels: null },
];

export function network(name: string, subnet: string, stack?: string): ListedNetwork {
  return {
    Name: name,
    Driver: "bridge",
    IPAM: { Config: [{ Subnet: subnet }] },
    Options: {},
    Labels: stack === undefined ? {} : { "dating.stack": stack },
  };
}

/** A running container, of a stack or of nobody. */
export function container(
  name: string,
  more: Partial<ListedContainer> = {},
  stack?: string,
): ListedContainer {
  return {
    Id: "0123456789abcdef",
    Names: [`/${name}`],
    Image: "image:1",
    ImageID: "sha256:1",
    Labels: stack === undefined ? {} : { "dating.stack": stack },
    State: "running",
    Ports: [],
    Mounts: [],
    ...more,
  };
}

/** A host with that engine and nothing on it, but for what is given. */
export function answers(
  changes: Partial<Omit<HostAnswers, "info" | "version">> & {
    info?: Partial<EngineInfo>;
    version?: Partial<EngineVersion>;
  } = {},
): HostAnswers {
  return {
    containers: [],
    networks,
    volumes: [],
    images: new Map(),
    askedAt: Date.parse(info.SystemTime),
    ...changes,
    version: { ...version, ...changes.version },
    info: { ...info, ...changes.info },
  };
}

export const wanted: Wanted = {
  stack: "prod",
  prefix: "dating-prod",
  images: [],
  ports: [
    { port: 80, key: "httpPort", ip: "0.0.0.0" },
    { port: 3000, key: "grafanaPort", ip: "127.0.0.1" },
  ],
  volumes: { postgres_data: "dating-prod_postgres_data" },
  networks: 3,
  memory: 4160,
  ipv6: true,
  orchestrator: "host",
  dockerSocket: "/var/run/docker.sock",
};
