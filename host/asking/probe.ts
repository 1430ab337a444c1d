import { spawnSync } from "node:child_process";

import { ipv6Addresses } from "../here";
import { readListeners, type HostView } from "./view";

/** Where the probe sees the engine's socket. */
const mounted = "/engine.sock";

/** The disk of its own root file system is the one with the engine's data. The network namespace is the host's. */
const script = `df -Pk / | tail -n 1; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; if test -S ${mounted}; then echo socket; fi; if test -e ${ipv6Addresses}; then echo ipv6; fi`;

/**
 * Looks at a host from a container that is gone afterwards: as nobody, without capabilities and with nothing to write. It
 * takes about a second, so only `make doctor` does it.
 *
 * @param image one that is on the host and has a shell, df and cat
 * @param socket path at which the engine's socket is to be
 * @throws Error with the Docker CLI's message, when the container does not run
 */
export function probe(image: string, socket: string, dockerHost: string | undefined): HostView {
  const seen = run(image, ["--mount", `type=bind,source=${socket},target=${mounted},readonly`], dockerHost);
  if (seen.status === 0) return { ...read(seen.stdout), socket: /^socket$/m.test(seen.stdout) };
  // Asked for by --mount, Docker makes no folder in the socket's place, but says that it is not there.
  if (!/bind source path does not exist/.test(seen.stderr)) throw new Error(seen.stderr.trim());
  const without = run(image, [], dockerHost);
  if (without.status !== 0) throw new Error(without.stderr.trim());
  return { ...read(without.stdout), socket: false };
}

function run(image: string, mount: string[], dockerHost: string | undefined) {
  return spawnSync(
    "docker",
    [
      // The host's network cannot be had together with users of the engine's own.
      ...["run", "--rm", "--pull", "never", "--network", "host", "--userns", "host"],
      ...["--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only"],
      ...["--memory", "64m", "--log-driver", "none", ...mount, "--entrypoint", "sh", image, "-c", script],
    ],
    {
      encoding: "utf8",
      env: { ...process.env, ...(dockerHost && { DOCKER_HOST: dockerHost }) },
      timeout: 60_000,
    },
  );
}

function read(text: string): HostView {
  const [, total, , free] = /^\S+ +(\d+) +(\d+) +(\d+) /.exec(text) ?? [];
  return {
    disk: total === undefined ? undefined : { free: Number(free) * 1024, total: Number(total) * 1024 },
    listening: readListeners(text),
    ipv6: /^ipv6$/m.test(text),
  };
}
