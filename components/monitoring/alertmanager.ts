import * as docker from "@pulumi/docker";
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
  /** The internal network for Prometheus, the edge's for the way out. */
  networks: Networks;
}

const port = 9093;

/** Groups alerts and sends them to a person. */
export class Alertmanager extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: AlertmanagerArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Alertmanager", name, {}, opts);
    this.container = createServer(this, args).container;
    this.registerOutputs();
  }
}

/** The configuration with the receiver that the stack has; without one, the receivers that are named send nothing. */
function configurationFor({ configuration, telegram }: AlertmanagerArgs): pulumi.Input<string> {
  if (telegram) {
    return telegram.token.apply((token) =>
      fill(configuration, {
        ALERT_API_URL: telegram.apiUrl,
        ALERT_BOT_TOKEN: token,
        ALERT_CHAT_ID: telegram.chatId,
      }),
    );
  }
  const document = configuration.document as { receivers: { name: string }[] };
  const silent = { ...document, receivers: document.receivers.map(({ name }) => ({ name })) };
  return fill({ path: configuration.path, document: silent });
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
      networks: [{ network: networks.internal, aliases: ["alertmanager"] }, { network: networks.edge }],
      health: { command: `wget -q -O /dev/null http://127.0.0.1:${port}/-/ready` },
      memory: context.memory("alertmanager", "128 MiB"),
      filesystem: { writableBecause: "its configuration arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}
