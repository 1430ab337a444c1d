import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { labelList, stackLabels, type StackContext } from "./context";

/** The stack's two networks. */
export class Networks extends pulumi.ComponentResource {
  /** What the edge reaches, with a way out. */
  readonly edge: docker.Network;
  /** What only the stack's own services reach, without a way out. */
  readonly internal: docker.Network;

  constructor(name: string, args: { context: StackContext }, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Networks", name, {}, opts);
    this.edge = createNetwork(this, args.context, "edge");
    this.internal = createNetwork(this, args.context, "internal");
    this.registerOutputs();
  }
}

function createNetwork(parent: Networks, context: StackContext, name: "edge" | "internal"): docker.Network {
  return new docker.Network(
    `${name}-network`,
    {
      name: `${context.prefix}-${name}`,
      driver: "bridge",
      internal: name === "internal",
      labels: labelList(stackLabels(context)),
    },
    { parent, deleteBeforeReplace: true },
  );
}
