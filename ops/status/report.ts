import type { InspectedContainer } from "../host/inspect";

/** A service of a stack as people see it. */
export interface ServiceStatus {
  service: string;
  /** `healthy`, `unhealthy` and so on, or the container's state where it does not run. */
  state: string;
  /** When its container was started, in ISO 8601; undefined where it does not run. */
  since?: string;
  /** Where it is reached from: addresses and paths of the edge, or ports of the Docker host. */
  reached: string[];
  image: string;
  /** What the image is instead of. */
  standIn?: string;
}

/** Reads where a service is reached from its container: the edge's paths by its labels, ports by what is published. */
export function reachOf({ Config, HostConfig }: InspectedContainer, url: string): string[] {
  const paths = Object.entries(Config.Labels ?? {})
    .filter(([label]) => /^traefik\.http\.routers\..+\.rule$/.test(label))
    .flatMap(([, all]) => {
      // What the web app leaves to the bot is not its own.
      const rule = all.replace(/!\([^!]*\)/, "");
      const found = [...rule.matchAll(/Path(?:Prefix)?\(`([^`]+)`\)/g)].map(([, path]) => path);
      return found.length > 0 ? found : ["/"];
    });
  const ports = Object.values(HostConfig.PortBindings ?? {})
    .flatMap((bindings) => bindings ?? [])
    // All addresses of IPv4, and of IPv6: everywhere.
    .map(({ HostIp, HostPort }) => `${["0.0.0.0", "::"].includes(HostIp) ? "" : HostIp}:${HostPort}`)
    .filter((port, index, all) => all.indexOf(port) === index);
  const unique = [...new Set(paths)];
  return [
    ...unique.map((path, index) => (index === 0 ? `${url}${path}` : path!)),
    ...(ports.length > 0 ? [`port ${ports.join(", ")} of the Docker host`] : []),
  ];
}

/**
 * What runs where, for the end of a deploy.
 *
 * @param pulumi the CLI and the plugins, in words
 */
export function statusReport(
  stack: string,
  url: string,
  host: string,
  services: readonly ServiceStatus[],
  pulumi: string,
): string {
  const rows = services.map(({ service, state, reached, image, standIn }) => [
    service,
    state,
    reached.join(" ") || "from inside only",
    `${image}${standIn ? " *" : ""}`,
  ]);
  const standIns = services.filter(({ standIn }) => standIn);
  return [
    `Stack ${stack} on ${host}:`,
    ...aligned(rows).map((row) => `  ${row}`),
    ...(standIns.length > 0
      ? ["* stand-ins:", ...standIns.map(({ service, standIn }) => `  ${service} is ${standIn}`)]
      : []),
    `Deploys use:     ${pulumi}`,
    `The application: ${url}`,
  ].join("\n");
}

function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}
