import * as pulumi from "@pulumi/pulumi";

import { Workload } from "../workload";
import { fill, type MonitoringFile } from "./files";
import { forgotten, type LogCollectorArgs } from "./log-collector";

/** Promtail as the stack's log collector. Grafana has given it no updates since 2 March 2026. */
export class Promtail extends pulumi.ComponentResource {
  /** Port of its metrics. */
  static readonly port = 9080;
  constructor(name: string, args: LogCollectorArgs<MonitoringFile>, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Promtail", name, {}, opts);
    createAgent(this, args);
    this.registerOutputs();
  }
}

function createAgent(parent: Promtail, args: LogCollectorArgs<MonitoringFile>): Workload {
  const { context, networks } = args;
  const file = "/etc/promtail/promtail.yml";
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${Promtail.port} && printf "GET /ready HTTP/1.0\\r\\n\\r\\n" >&3 && grep -q "^HTTP/1.. 200" <&3`;
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
      networks: [{ network: networks.dockerApi }, { network: networks.monitoring, aliases: ["promtail"] }],
      // Ready is who reads some container's log.
      health: { command: `bash -c '${ask}'` },
      memory: context.memory("promtail"),
      temporary: forgotten,
      filesystem: { writableBecause: "its configuration arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}
