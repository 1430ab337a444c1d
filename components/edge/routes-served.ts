import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { toSeconds } from "../../config/units";
import type { StackContext } from "../context";
import type { Edge } from "../edge";
import { typescriptHook } from "../hook";
import type { Workload } from "../workload";

export interface RoutesServedArgs {
  context: StackContext;
  edge: Edge;
  /** The services that the edge leads to. */
  services: Workload[];
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
  const containers = pulumi.all(services.map(({ release }) => release));
  const hook = typescriptHook("served");
  new command.local.Command(
    name,
    {
      create: hook,
      update: hook,
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        CONTAINERS: containers.apply((ids) => ids.join(" ")),
        EDGE: edge.service.release,
        HEALTH_TIMEOUT: String(toSeconds(context.healthTimeout)),
      },
    },
    { parent, dependsOn: [...edge.ready, ...services.flatMap(({ ready }) => ready)] },
  );
}
