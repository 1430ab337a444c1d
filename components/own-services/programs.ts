import * as pulumi from "@pulumi/pulumi";

import { ownPrograms, ownService, type OwnServiceName } from "../../config/own-services";
import type { Job, Worker } from "../../config/services/schema";
import type { BotProgram } from "../bot";
import type { StackContext } from "../context";
import type { HealthCheck } from "../health-check";
import { Workload } from "../workload";
import { clock, failed } from "./clock";
import type { ServerProgram } from "./servers";

export interface OwnProgramsArgs {
  context: StackContext;
  /** What of the bot they have, too, where there is one. */
  bot?: BotProgram;
  /** What they have of a server, by its name. */
  servers: Record<string, ServerProgram>;
  /** What has to be there before they start. */
  after: pulumi.Resource[];
}

/** The workers and jobs of one's own, which run another one's image. Only one container of each runs at any time. */
export class OwnPrograms extends pulumi.ComponentResource {
  constructor(name: string, args: OwnProgramsArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:OwnPrograms", name, {}, opts);
    for (const service of ownPrograms) createProgram(this, service, args);
    this.registerOutputs();
  }
}

function createProgram(
  parent: OwnPrograms,
  service: OwnServiceName,
  { context, bot, servers, after }: OwnProgramsArgs,
): Workload {
  const program = ownService(service) as Worker | Job;
  const owner = program.of === undefined || program.of === "bot" ? bot : servers[program.of];
  return new Workload(
    service,
    {
      ...{ context, service, ...owner!, ...runOf(program) },
      memory: context.memory(service),
      filesystem: "read-only",
      rollout: "stop-first",
    },
    { parent, dependsOn: after },
  );
}

interface Run {
  entrypoint?: string[];
  command: string[];
  health: HealthCheck;
}

function runOf(service: Worker | Job): Run {
  if (service.kind === "worker") return { command: service.command, health: { command: service.health } };
  return {
    entrypoint: ["sh", "-c", clock(service)],
    command: ["job", ...service.command],
    health: { command: `test ! -e ${failed}` },
  };
}
