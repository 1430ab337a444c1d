import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as grafana from "@pulumiverse/grafana";

import type { StackContext } from "../context";
import type { Networks } from "../networks";
import { Workload } from "../workload";
import type { GrafanaFiles } from "./dashboards";
import { deployMessage, warnOfOverwriting } from "./edited-dashboards";

export interface GrafanaArgs {
  context: StackContext;
  /** Image with the contract of the official `grafana/grafana`. */
  image: string;
  /** What it shows. */
  files: GrafanaFiles;
  /** Port on the Docker host's loopback. */
  port: number;
  /** Address under which this machine reaches it, for the deploy of what it shows. */
  url: string;
  volume: docker.Volume;
  /** Of the user `admin`. */
  password: pulumi.Output<string>;
  /** The internal network for its data sources; the edge's, as a port of an internal network cannot be published. */
  networks: Networks;
}

const port = 3000;

/** The password of Grafana's user `admin`. It stays as long as the volume does, with or without `monitoring`. */
export function grafanaPassword(): pulumi.Output<string> {
  return new random.RandomPassword(
    "grafana-password",
    { length: 32, special: false },
    { protect: true, deleteBeforeReplace: false },
  ).result;
}

/**
 * Grafana with its data sources, folders and dashboards. Each is found again by its uid: a deploy never makes a second
 * one, leaves alone what people made, and deletes what lost its file.
 */
export class Grafana extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: GrafanaArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Grafana", name, {}, opts);
    const server = createServer(this, args);
    this.container = server.container;
    warnOfOverwriting(args.files.dashboards, args.url, args.password);
    createContent(this, args, createAdministrator(this, args, server));
    this.registerOutputs();
  }
}

function createServer(parent: Grafana, args: GrafanaArgs): Workload {
  const { context, networks, password } = args;
  const passwordFile = "/run/secrets/grafana_password";
  return new Workload(
    "grafana",
    {
      context,
      service: "grafana",
      image: args.image,
      environment: {
        GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
        GF_ANALYTICS_REPORTING_ENABLED: "false",
        GF_SECURITY_ADMIN_PASSWORD__FILE: passwordFile,
        GF_USERS_ALLOW_SIGN_UP: "false",
      },
      files: [{ path: passwordFile, content: password }],
      volumes: [{ volume: args.volume, path: "/var/lib/grafana" }],
      networks: [{ network: networks.internal, aliases: ["grafana"] }, { network: networks.edge }],
      ports: [{ container: port, host: args.port, reach: "loopback" }],
      // It answers 503 when its database does not.
      health: {
        command: `wget -q -O /dev/null http://127.0.0.1:${port}/api/health`,
        startPeriod: "1 minute",
      },
      memory: context.memory("grafana", "512 MiB"),
      filesystem: { writableBecause: "the password arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}

/** What depends on this finds Grafana up, and is let in with the password. */
function createAdministrator(parent: Grafana, { context, password }: GrafanaArgs, server: Workload) {
  return new command.local.Command(
    "grafana-administrator",
    {
      create: "bash hooks/grafana-password.sh",
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        CONTAINER: server.container.id,
      },
      stdin: pulumi.interpolate`${password}\n`,
      triggers: [server.container.id],
    },
    { parent, dependsOn: [server.healthy], deleteBeforeReplace: true },
  );
}

function createContent(
  parent: Grafana,
  { files, url, password }: GrafanaArgs,
  administrator: pulumi.Resource,
): void {
  const provider = new grafana.Provider(
    "grafana",
    { url, auth: pulumi.interpolate`admin:${password}`, retries: 5 },
    { parent },
  );
  const room = {
    GRAFANA_URL: url,
    GRAFANA_AUTH: pulumi.interpolate`admin:${password}`,
    DATA_SOURCES: files.dataSources.map(({ uid }) => uid).join(" "),
    FOLDERS: [...new Set(files.dashboards.map(({ folder }) => slug(folder)))].join(" "),
  };
  const made = makeRoom("out", room, { parent, dependsOn: [administrator] });
  const opts = {
    parent,
    provider,
    // A data source is there before the dashboards that ask it, and Grafana before everything.
    dependsOn: [made] as pulumi.Resource[],
    // It goes and comes with its volume: nobody has to ask a Grafana that may not answer to delete what is in it.
    deletedWith: parent,
  };
  const dataSources = files.dataSources.map(
    ({ name, type, uid, url: address, isDefault }) =>
      new grafana.oss.DataSource(
        `data-source-${uid}`,
        { name, type, uid, url: address, isDefault, accessMode: "proxy" },
        opts,
      ),
  );
  const folders = new Map(
    [...new Set(files.dashboards.map(({ folder }) => folder))].map((title) => [
      title,
      new grafana.oss.Folder(
        `folder-${slug(title)}`,
        {
          uid: slug(title),
          title,
          // People may have put dashboards of their own into it.
          preventDestroyIfNotEmpty: true,
        },
        opts,
      ),
    ]),
  );
  const dashboards = files.dashboards.map(
    ({ uid, folder, model }) =>
      new grafana.oss.Dashboard(
        `dashboard-${uid}`,
        {
          folder: folders.get(folder)!.uid,
          configJson: JSON.stringify(model),
          message: deployMessage(model),
          // The file is what a changed file says, also over a change made by hand.
          overwrite: true,
        },
        { ...opts, dependsOn: [...opts.dependsOn, ...dataSources] },
      ),
  );
  makeRoom("back", { ...room, MOVED: made.stdout }, { parent, dependsOn: dashboards });
}

/**
 * A step around the making of what Grafana shows, taken only when that is made for the first time since Grafana is there:
 * its volume may have the same from before (`hooks/grafana-room.ts`).
 */
function makeRoom(
  step: "out" | "back",
  environment: Record<string, pulumi.Input<string>>,
  opts: pulumi.CustomResourceOptions,
): command.local.Command {
  return new command.local.Command(
    `grafana-room-${step}`,
    { create: `node --require tsx/cjs hooks/grafana-room.ts ${step}`, environment },
    { ...opts, ignoreChanges: ["create", "environment"] },
  );
}

const slug = (title: string) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
