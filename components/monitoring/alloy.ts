import * as pulumi from "@pulumi/pulumi";

import { Workload } from "../workload";
import { fillText, type MonitoringText } from "./files";
import { forgotten, type LogCollectorArgs } from "./log-collector";

/** Grafana Alloy as the stack's log collector. */
export class Alloy extends pulumi.ComponentResource {
  /** Port of its metrics. */
  static readonly port = 12345;
  constructor(name: string, args: LogCollectorArgs<MonitoringText>, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Alloy", name, {}, opts);
    createAgent(this, args);
    this.registerOutputs();
  }
}

function createAgent(parent: Alloy, args: LogCollectorArgs<MonitoringText>): Workload {
  const { context, networks, image, configuration } = args;
  const file = "/etc/alloy/config.alloy";
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${Alloy.port} && printf "GET /metrics HTTP/1.0\\r\\n\\r\\n" >&3 && grep -q "^loki_source_docker_target_entries_total.* [1-9]" <&3`;
  return new Workload(
    "alloy",
    {
      context,
      service: "alloy",
      image,
      command: [
        "run",
        file,
        `--server.http.listen-addr=0.0.0.0:${Alloy.port}`,
        "--storage.path=/tmp/alloy",
        "--disable-reporting",
      ],
      files: [{ path: file, content: fillText(configuration, { STACK: context.prefix }) }],
      // The image's own user is root, for logs that are files; these are not.
      user: "65534:65534",
      networks: [{ network: networks.dockerApi }, { network: networks.monitoring, aliases: ["alloy"] }],
      // Its /-/ready says ready whatever it can read; this is a line of a container of the stack.
      health: { command: `bash -c '${ask}'` },
      memory: context.memory("alloy"),
      temporary: forgotten,
      filesystem: { writableBecause: "its configuration arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}
