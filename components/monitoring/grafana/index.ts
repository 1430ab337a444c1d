import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as grafana from "@pulumiverse/grafana";

import type { StackContext } from "../../context";
import { secretHook, typescriptHook } from "../../hook";
import type { Networks } from "../../networks";
import { Workload } from "../../workload";
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
  /** Monitoring's network for its data sources, and one with a way out: Docker publishes no port of another. */
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
  constructor(name: string, args: GrafanaArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Grafana", name, {}, opts);
    const server = createServer(this, args);
    warnOfOverwriting(args.files.dashboards, args.url, args.password);
    createContent(this, args, server, createAdministrator(this, args, server));
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
        GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
        GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
        GF_ANALYTICS_REPORTING_ENABLED: "false",
        GF_SECURITY_ADMIN_PASSWORD__FILE: passwordFile,
        // Else Grafana gets programs from the internet that nobody pinned, and runs them.
        GF_PLUGINS_PREINSTALL_DISABLED: "true",
        GF_USERS_ALLOW_SIGN_UP: "false",
      },
      files: [{ path: passwordFile, content: password }],
      volumes: [{ volume: args.volume, path: "/var/lib/grafana" }],
      networks: [{ network: networks.monitoring, aliases: ["grafana"] }, { network: networks.egress! }],
      ports: [{ container: port, host: args.port, reach: "loopback" }],
      // It answers 503 when its database does not.
      health: {
        command: `wget -q -O /dev/null http://127.0.0.1:${port}/api/health`,
        startPeriod: "1 minute",
      },
      memory: context.memory("grafana"),
      filesystem: { writableBecause: "the password arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}

/** What depends on this finds Grafana up, and is let in with the password. */
function createAdministrator(parent: Grafana, { context, password }: GrafanaArgs, server: Workload) {
  return secretHook(
    "grafana-administrator",
    {
      create: "bash hooks/grafana-password.sh",
      limit: "2 minutes",
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        CONTAINER: server.release,
      },
      stdin: pulumi.interpolate`${password}\n`,
      triggers: [server.release],
    },
    { parent, dependsOn: server.ready, deleteBeforeReplace: true },
  );
}

function createContent(
  parent: Grafana,
  { files, url, password }: GrafanaArgs,
  server: Workload,
  administrator: pulumi.Resource,
): void {
  const provider = new grafana.Provider(
    "grafana",
    { url, auth: pulumi.interpolate`admin:${password}`, retries: 5 },
    { parent },
  );
  // It goes and comes with its volume: nobody has to ask a Grafana that may not answer to delete what is in it.
  const opts = { parent, provider, deletedWith: parent };
  const hooks = { url, auth: pulumi.interpolate`admin:${password}`, parent, after: administrator };
  const folders = takeFolders(files, server.release, hooks);
  const room = forgetEarlierDataSources(files, { ...hooks, after: folders });
  const dataSources = files.dataSources.map(
    ({ name, type, uid, url: address, isDefault }) =>
      new grafana.oss.DataSource(
        `data-source-${uid}`,
        { name, type, uid, url: address, isDefault, accessMode: "proxy" },
        { ...opts, dependsOn: [room] },
      ),
  );
  for (const file of files.dashboards) {
    new grafana.oss.Dashboard(
      `dashboard-${file.uid}`,
      {
        folder: slug(file.folder),
        configJson: JSON.stringify(file.model),
        message: deployMessage(file.model),
        // The file is what a changed file says, also over a change made by hand.
        overwrite: true,
      },
      {
        ...opts,
        // A data source is there before the dashboards that ask it.
        dependsOn: [folders, ...dataSources],
      },
    );
  }
}

interface GrafanaHooks {
  url: string;
  auth: pulumi.Output<string>;
  parent: Grafana;
  after: pulumi.Resource;
}

/**
 * Removes the stack's own data sources where the volume has them from before, as after monitoring was off: the provider
 * refuses to make what is there. The new ones have the same uids. It runs only where they are not in the state yet.
 */
function forgetEarlierDataSources({ dataSources }: GrafanaFiles, { url, auth, parent, after }: GrafanaHooks) {
  return secretHook(
    "earlier-data-sources",
    {
      create: typescriptHook("grafana-data-sources"),
      limit: "2 minutes",
      environment: { GRAFANA_URL: url, DATA_SOURCES: dataSources.map(({ uid }) => uid).join(" ") },
      secrets: { GRAFANA_AUTH: auth },
    },
    {
      ...{ parent, dependsOn: [after], ignoreChanges: ["create", "environment"] },
      // Its name of before: to run it again would take away what is in use.
      aliases: [{ name: "grafana-room-out" }],
    },
  );
}

/**
 * Makes the dashboards' folders, or takes the ones that are there. They are no resources, as one that is deleted or made anew
 * takes with it, or is refused for, what people have in it: dashboards, alert rules, library panels and permissions.
 */
function takeFolders(
  { dashboards }: GrafanaFiles,
  container: pulumi.Output<string>,
  { url, auth, parent, after }: GrafanaHooks,
) {
  const titles = [...new Set(dashboards.map(({ folder }) => folder))];
  return secretHook(
    "grafana-folders",
    {
      create: typescriptHook("grafana-folders"),
      // It waits for a Grafana that lets nobody in for five minutes.
      limit: "7 minutes",
      environment: {
        GRAFANA_URL: url,
        FOLDERS: JSON.stringify(titles.map((title) => ({ uid: slug(title), title }))),
      },
      secrets: { GRAFANA_AUTH: auth },
      triggers: [container],
    },
    { parent, dependsOn: [after], deleteBeforeReplace: true },
  );
}

const slug = (title: string) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
