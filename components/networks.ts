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

  constructor(name: string, args: { context: StackContext }, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Networks", name, {}, opts);
    this.edge = createNetwork(this, args.context, "edge");
    this.internal = createNetwork(this, args.context, "internal");
    this.dockerApi = createNetwork(this, args.context, "docker-api");
    this.registerOutputs();
  }
}

function createNetwork(
  parent: Networks,
  context: StackContext,
  name: "edge" | "internal" | "docker-api",
): docker.Network {
  return new docker.Network(
    `${name}-network`,
    {
      name: `${context.prefix}-${name}`,
      driver: "bridge",
      internal: name !== "edge",
      labels: labelList(stackLabels(context)),
    },
    { parent, deleteBeforeReplace: true },
  );
}
