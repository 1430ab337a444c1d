import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";

import type { PlainConfig } from "../config";

/** A way to the port of Grafana on the loopback of a Docker host that is reached over SSH. */
export interface Tunnel {
  /** As in `ssh://deploy@dating.example.com`. */
  dockerHost: string;
  /** On this machine's loopback. */
  localPort: number;
  /** On the Docker host's loopback. */
  remotePort: number;
}

/** The part of a stack's configuration that says where its Grafana is. */
export type GrafanaConfig = Pick<PlainConfig, "dockerHost" | "grafanaPort" | "grafanaUrl" | "monitoring">;

/**
 * The tunnel that a stack's Grafana is reached through; undefined where it needs none: on this machine, where the configuration
 * says how it is reached, and on a host that is not reached over SSH.
 *
 * @param prefix the stack's name on its host: each stack has a port of its own here, the same on every machine
 */
export function grafanaTunnel(
  { dockerHost = process.env.DOCKER_HOST, grafanaPort, grafanaUrl, monitoring }: GrafanaConfig,
  prefix: string,
): Tunnel | undefined {
  if (!monitoring || grafanaUrl !== undefined || !dockerHost?.startsWith("ssh://")) return undefined;
  const hash = createHash("sha256").update(`${dockerHost} ${prefix}`).digest().readUInt32BE();
  // Below the ports that systems give to outgoing connections.
  return { dockerHost, localPort: 11_000 + (hash % 9_000), remotePort: grafanaPort };
}

/** Address under which this machine reaches the stack's Grafana. */
export function grafanaAddress(config: GrafanaConfig, prefix: string): string {
  const port = grafanaTunnel(config, prefix)?.localPort ?? config.grafanaPort;
  return config.grafanaUrl ?? `http://localhost:${port}`;
}

/**
 * Opens a tunnel and waits until it is there. It ends with a process: what is deleted in a deploy is deleted after the program
 * has ended, so that process is not always the one that calls this.
 *
 * @param until number of the process
 * @returns undefined, or why there is none
 */
export function openTunnel({ dockerHost, localPort, remotePort }: Tunnel, until: number): string | undefined {
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(__dirname, "../hooks/tunnel.mts"), "open"],
    {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        TUNNEL_HOST: dockerHost,
        TUNNEL_PORTS: `${localPort} ${remotePort}`,
        TUNNEL_UNTIL: String(until),
      },
    },
  );
  return status === 0 ? undefined : stderr.trim();
}
