import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { networkShares, outward, type NetworkName } from "../config/networks";
import { labelList, stackLabels, type StackContext } from "./context";

export interface NetworksArgs {
  context: StackContext;
  /** Whether the stack has the monitoring profile. */
  monitoring: boolean;
  /** Whether the stack's edge serves preview environments. */
  previews: boolean;
  /** The /24 that the networks divide. @default the Docker Engine gives each a range of its own */
  range?: string;
}

/** The stack's networks (`config/networks.ts`). */
export class Networks extends pulumi.ComponentResource {
  /**
   * What the edge reaches, with a way out. Where the engine gives it IPv6 addresses, the edge sees those of IPv6 clients; else
   * Docker's own proxy hands their connections on, and all of them seem to come from the network's gateway.
   */
  readonly edge: docker.Network;
  /** What only the stack's own services reach, without a way out. */
  readonly internal: docker.Network;
  /** On which the Docker Engine's API is read, without a way out. Only the socket proxy and its users join it. */
  readonly dockerApi: docker.Network;
  /**
   * On which services are measured, without a way out. It is there without the monitoring profile, too, so that the edge and
   * the backup need not be made anew when that comes or goes.
   */
  readonly monitoring: docker.Network;
  /** The way out of the monitoring services that need one; undefined without the monitoring profile. */
  readonly egress?: docker.Network;
  /** On which the edge reaches the edges of preview environments, without a way out; undefined where it serves none. */
  readonly previews?: docker.Network;

  constructor(name: string, args: NetworksArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Networks", name, {}, opts);
    this.edge = createNetwork(this, args, "edge");
    this.internal = createNetwork(this, args, "internal");
    this.dockerApi = createNetwork(this, args, "docker-api");
    this.monitoring = createNetwork(this, args, "monitoring");
    if (args.monitoring) this.egress = createNetwork(this, args, "egress");
    if (args.previews) this.previews = createNetwork(this, args, "previews");
    this.registerOutputs();
  }
}

/** The name that Docker knows a network by. */
export function networkName(context: StackContext, name: NetworkName): string {
  return `${context.prefix}-${name}`;
}

/** The gateway is named, too: newer Docker Engines tell the one that they chose, which would look like a change. */
function shareOf(range: string, name: keyof typeof networkShares): { subnet: string; gateway: string } {
  const { begin, bits } = networkShares[name];
  const first = range.replace(/0\/24$/, "");
  return { subnet: `${first}${begin}/${bits}`, gateway: `${first}${begin + 1}` };
}

function createNetwork(
  parent: Networks,
  { context, range }: NetworksArgs,
  name: NetworkName,
): docker.Network {
  return new docker.Network(
    `${name}-network`,
    {
      name: networkName(context, name),
      ...context.orchestrator.network,
      internal: !outward.includes(name),
      ipv6: name === "edge" && range === undefined && context.ipv6Networks ? true : undefined,
      ipamConfigs:
        range === undefined || !(name in networkShares)
          ? undefined
          : [shareOf(range, name as keyof typeof networkShares)],
      labels: labelList(stackLabels(context)),
    },
    // One from before is not replaced for it, with everything that is on it.
    { parent, deleteBeforeReplace: true, ignoreChanges: ["ipv6"] },
  );
}
