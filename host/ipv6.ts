import * as pulumi from "@pulumi/pulumi";

import { projectName } from "../config/project";
import { dockerCli, type Docker } from "../images/in-volume";
import { ipv6Addresses } from "./here";

/**
 * Refuses a host without IPv6 where the edge is to listen there: Docker would find out when the old edge is gone. Another
 * machine is asked by a container that is gone afterwards, which takes about a second; so it is asked only while nothing
 * else there shows that it has IPv6.
 *
 * @param known what is known already; undefined for nothing
 * @param image one that is on the host and has a shell
 * @throws RunError that says how to go without
 */
export function requireIpv6(
  known: boolean | undefined,
  image: string,
  dockerHost: string | undefined,
  docker: Docker = dockerCli(dockerHost),
): void {
  if (known) return;
  const rights = [
    "--user",
    "65534:65534",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--read-only",
  ];
  const { status, stderr } = docker(
    // The host's network cannot be had together with users of the engine's own.
    ...[
      "run",
      "--rm",
      "--pull",
      "never",
      "--network",
      "host",
      "--userns",
      "host",
      "--log-driver",
      "none",
      ...rights,
    ],
    ...["--entrypoint", "sh", image, "-c", `test -e ${ipv6Addresses}`],
  );
  if (status === 0) return;
  const stack = pulumi.getStack();
  const without = `To go without it: pulumi config set --stack ${stack} ${projectName}:ipv6 false`;
  // What the shell says; Docker's own failures begin at 125.
  const reason =
    status === 1
      ? "The kernel of the Docker host has no IPv6, and the edge is to listen there"
      : `Whether the Docker host has IPv6 could not be asked: ${stderr.trim() || "no answer"}`;
  throw new pulumi.RunError(`${reason}; nothing was changed.\n  ${without}`);
}
