import * as command from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { toSeconds } from "../config/units";
import type { StackContext } from "./context";
import type { Edge } from "./edge";
import { typescriptHook } from "./hook";

export interface RoutesServedArgs {
  context: StackContext;
  edge: Edge;
  /** The services that the edge leads to. */
  services: { container: docker.Container; healthy: pulumi.Resource }[];
}

/**
 * What a deploy ends with: the edge answers every route with the release that was deployed. It is asked again whenever the
 * edge or one of its services is another container.
 */
export class RoutesServed extends pulumi.ComponentResource {
  constructor(name: string, args: RoutesServedArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:RoutesServed", name, {}, opts);
    ask(this, name, args);
    this.registerOutputs();
  }
}

function ask(parent: RoutesServed, name: string, { context, edge, services }: RoutesServedArgs): void {
  const containers = pulumi.all(services.map(({ container }) => container.id));
  const hook = typescriptHook("served");
  new command.local.Command(
    name,
    {
      create: hook,
      update: hook,
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        CONTAINERS: containers.apply((ids) => ids.join(" ")),
        EDGE: edge.container.id,
        HEALTH_TIMEOUT: String(toSeconds(context.healthTimeout)),
      },
    },
    { parent, dependsOn: [edge.ready, ...services.map(({ healthy }) => healthy)] },
  );
}
