import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import type { Networks } from "../networks";
import { Workload } from "../workload";
import { fill, type MonitoringFile } from "./files";

export interface PromtailArgs {
  context: StackContext;
  /** Image with the contract of the official `grafana/promtail`. */
  image: string;
  configuration: MonitoringFile;
  /** The socket proxy's network for the Docker Engine's API, the internal one for Loki. */
  networks: Networks;
}

const port = 9080;

/** Sends what the stack's containers write to Loki. It asks the Docker Engine through the filtering proxy. */
export class Promtail extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: PromtailArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Promtail", name, {}, opts);
    this.container = createAgent(this, args).container;
    this.registerOutputs();
  }
}

function createAgent(parent: Promtail, args: PromtailArgs): Workload {
  const { context, networks } = args;
  const file = "/etc/promtail/promtail.yml";
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${port} && printf "GET /ready HTTP/1.0\\r\\n\\r\\n" >&3 && grep -q "^HTTP/1.. 200" <&3`;
  return new Workload(
    "promtail",
    {
      context,
      service: "promtail",
      image: args.image,
      command: [`-config.file=${file}`],
      files: [{ path: file, content: fill(args.configuration, { STACK: context.prefix }) }],
      // The image's own user is root, for logs that are files; these are not.
      user: "65534:65534",
      networks: [{ network: networks.dockerApi }, { network: networks.internal, aliases: ["promtail"] }],
      // Ready is who reads some container's log.
      health: { command: `bash -c '${ask}'` },
      memory: context.memory("promtail", "256 MiB"),
      filesystem: { writableBecause: "its configuration arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}
