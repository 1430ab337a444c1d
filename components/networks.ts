import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { labelList, stackLabels, type StackContext } from "./context";

/** The stack's networks. */
export class Networks extends pulumi.ComponentResource {
  /** What the edge reaches, with a way out. */
  readonly edge: docker.Network;
  /** What only the stack's own services reach, without a way out. */
  readonly internal: docker.Network;
  /** On which the Docker Engine's API is read, without a way out. Only the socket proxy and its users join it. */
  readonly dockerApi: docker.Network;

  /** @param args.range the /24 that the networks divide; without one, the Docker Engine gives each a range of its own */
  constructor(
    name: string,
    args: { context: StackContext; range?: string },
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("dating:index:Networks", name, {}, opts);
    this.edge = createNetwork(this, args, "edge");
    this.internal = createNetwork(this, args, "internal");
    this.dockerApi = createNetwork(this, args, "docker-api");
    this.registerOutputs();
  }
}

/** Which quarter of the stack's range each network has. One is free. */
const quarters = { edge: 0, internal: 1, "docker-api": 2 } as const;

/** The gateway is named, too: newer Docker Engines tell the one that they chose, which would look like a change. */
function quarterOf(range: string, index: number): { subnet: string; gateway: string } {
  const begin = range.replace(/0\/24$/, "");
  return { subnet: `${begin}${index * 64}/26`, gateway: `${begin}${index * 64 + 1}` };
}

function createNetwork(
  parent: Networks,
  { context, range }: { context: StackContext; range?: string },
  name: keyof typeof quarters,
): docker.Network {
  return new docker.Network(
    `${name}-network`,
    {
      name: `${context.prefix}-${name}`,
      driver: "bridge",
      internal: name !== "edge",
      ipamConfigs: range === undefined ? undefined : [quarterOf(range, quarters[name])],
      labels: labelList(stackLabels(context)),
    },
    { parent, deleteBeforeReplace: true },
  );
}
