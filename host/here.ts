import { existsSync, readFileSync, statfsSync } from "node:fs";
import { hostname } from "node:os";

import type { EngineInfo } from "./asking/answers";
import { readListeners, type HostView } from "./asking/view";

/** The kernel's list of its IPv6 addresses, which one without IPv6 has not. */
export const ipv6Addresses = "/proc/net/if_inet6";

/**
 * What this machine says of itself, where the engine runs on it: two files and one call of the kernel. Nothing of another
 * host, nor of the virtual machine in which Docker Desktop and colima have their engine.
 */
export function viewFromHere(info: EngineInfo, dockerHost: string | undefined): HostView {
  const local = (dockerHost ?? "unix://").startsWith("unix://") && info.Name === hostname();
  if (!local || process.platform !== "linux") return {};
  return {
    disk: attempt(() => {
      const { bavail, blocks, bsize } = statfsSync(info.DockerRootDir);
      return { free: bavail * bsize, total: blocks * bsize };
    }),
    ipv6: existsSync(ipv6Addresses),
    listening: attempt(() =>
      readListeners(readFileSync("/proc/net/tcp", "utf8") + readFileSync("/proc/net/tcp6", "utf8")),
    ),
  };
}

/** The data of a rootless engine, or a kernel without IPv6: what cannot be seen is left out. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
