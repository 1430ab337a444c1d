/** A running container, as the Docker Engine sees it: the parts of `docker inspect` that checks look at. */
export interface Inspected {
  Id: string;
  Name: string;
  AppArmorProfile: string;
  State: { Pid: number; Health?: { Status: string } };
  Config: { Env: string[]; Labels: Record<string, string>; Healthcheck?: { Test: string[] } };
  HostConfig: {
    CapAdd: string[] | null;
    CapDrop: string[] | null;
    CgroupParent: string;
    Devices: unknown[] | null;
    IpcMode: string;
    LogConfig: { Type: string; Config: Record<string, string> };
    Memory: number;
    MemorySwap: number;
    NetworkMode: string;
    PidMode: string;
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
    Privileged: boolean;
    ReadonlyRootfs: boolean;
    RestartPolicy: { Name: string };
    SecurityOpt: string[] | null;
    Ulimits: { Name: string; Hard: number }[] | null;
    UTSMode: string;
    UsernsMode: string;
  };
  Mounts: { Type: string; Source: string; Destination: string; Propagation: string; RW: boolean }[];
  NetworkSettings: { Networks: Record<string, unknown> };
}

/** What a check is given. */
export interface Evidence {
  container: Inspected;
  /** The commands of the processes that run in it. */
  processes: string[];
  /** The command lines of every call of the Docker CLI that deploys and commands of the project made. */
  dockerCalls: string[];
}
