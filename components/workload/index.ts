import * as pulumi from "@pulumi/pulumi";

import type { WorkloadArgs } from "./spec";

export type {
  Attachment,
  Capability,
  ContainerFile,
  MountedVolume,
  SharedVolume,
  WorkloadArgs,
} from "./spec";

/**
 * A service: everything that all services share, and the gate that holds a deploy until it is healthy and, where the edge
 * leads to it, served. What it is made of, the stack's orchestrator says.
 *
 * @throws RangeError when a duration is not a whole number of seconds
 */
export class Workload extends pulumi.ComponentResource {
  /** What Docker calls it. */
  readonly container: pulumi.Output<string>;
  /** Another one for each release. */
  readonly release: pulumi.Output<string>;
  /** What depends on these starts only when the service is healthy and, where the edge leads to it, served. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: WorkloadArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Workload", name, {}, opts);
    const made = args.context.orchestrator.make(this, name, args);
    this.container = made.name;
    this.release = made.release;
    this.ready = made.ready;
    this.registerOutputs({ container: this.container });
  }
}
