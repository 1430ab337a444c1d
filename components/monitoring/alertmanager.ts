import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import type { Networks } from "../networks";
import { Workload } from "../workload";
import { fill, type MonitoringFile } from "./files";

/** Whom alerts are sent to. */
export interface TelegramReceiver {
  token: pulumi.Output<string>;
  chatId: number;
  /** Address of Telegram's Bot API. */
  apiUrl: string;
}

export interface AlertmanagerArgs {
  context: StackContext;
  /** Image with the contract of the official `prom/alertmanager`. */
  image: string;
  configuration: MonitoringFile;
  /** @default alerts are shown and sent to nobody */
  telegram?: TelegramReceiver;
  /** Address that is asked every five minutes as long as alerts would arrive. @default nobody is told */
  heartbeatUrl?: pulumi.Output<string>;
  /** Monitoring's network for Prometheus, and a way out: to Telegram, and to who watches that alerts would arrive. */
  networks: Networks;
}

const port = 9093;

/** Groups alerts and sends them to a person. */
export class Alertmanager extends pulumi.ComponentResource {
  constructor(name: string, args: AlertmanagerArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Alertmanager", name, {}, opts);
    createServer(this, args);
    this.registerOutputs();
  }
}

/** The configuration with the receivers that the stack has; a receiver that nobody gave an address sends nothing. */
function configurationFor({ configuration, telegram, heartbeatUrl }: AlertmanagerArgs): pulumi.Input<string> {
  const { path, document } = configuration as { path: string; document: { receivers: { name: string }[] } };
  const without = (...silent: string[]) => ({
    ...document,
    receivers: document.receivers.map((receiver) =>
      silent.includes(receiver.name) ? { name: receiver.name } : receiver,
    ),
  });
  return pulumi.all([telegram?.token, heartbeatUrl]).apply(([token, heartbeat]) => {
    const silent = [...(token ? [] : ["telegram"]), ...(heartbeat ? [] : ["heartbeat"])];
    return fill(
      { path, document: without(...silent) },
      {
        ...(token && {
          ALERT_API_URL: telegram!.apiUrl,
          ALERT_BOT_TOKEN: token,
          ALERT_CHAT_ID: telegram!.chatId,
        }),
        ...(heartbeat && { HEARTBEAT_URL: heartbeat }),
      },
    );
  });
}

function createServer(parent: Alertmanager, args: AlertmanagerArgs): Workload {
  const { context, networks } = args;
  const file = "/etc/alertmanager/alertmanager.yml";
  return new Workload(
    "alertmanager",
    {
      context,
      service: "alertmanager",
      image: args.image,
      // Silences and what was sent live as long as the container; one instance has no cluster.
      command: [`--config.file=${file}`, "--storage.path=/alertmanager", "--cluster.listen-address="],
      files: [{ path: file, content: configurationFor(args) }],
      networks: [{ network: networks.monitoring, aliases: ["alertmanager"] }, { network: networks.egress! }],
      health: { command: `wget -q -O /dev/null http://127.0.0.1:${port}/-/ready` },
      memory: context.memory("alertmanager"),
      filesystem: { writableBecause: "its configuration arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}
