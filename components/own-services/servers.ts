import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import {
  ownServer,
  ownServers,
  servedPaths,
  startsFirst,
  type OwnServiceName,
} from "../../config/own-services";
import type { Server } from "../../config/services/schema";
import type { VolumeName } from "../../config/volumes";
import type { StackContext } from "../context";
import type { Database } from "../database";
import type { Edge } from "../edge";
import type { Migrations } from "../migrations";
import type { Networks } from "../networks";
import type { Served } from "../edge/routes";
import { Workload, type WorkloadArgs } from "../workload";

export interface OwnServersArgs {
  context: StackContext;
  /** Their images, by the names of their services. */
  images: Record<OwnServiceName, string>;
  /** The secrets that they may have, by name. */
  secrets: Record<string, pulumi.Output<string>>;
  database: Database;
  migrations: Migrations;
  edge: Edge;
  networks: Networks;
  volumes: Record<VolumeName, docker.Volume>;
}

/** What every container of a server's image has, whatever it runs. */
export type ServerProgram = Pick<WorkloadArgs, "image" | "environment" | "networks" | "temporary" | "user">;

/** The servers of one's own, which the bot may need: what depends on `ready` finds them healthy. */
export class OwnServers extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource[];
  /** Those that people reach. */
  readonly served: Workload[];
  /** What another program of a server's image has, by the server's name. */
  readonly programs: Record<string, ServerProgram>;

  constructor(name: string, args: OwnServersArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:OwnServers", name, {}, opts);
    this.programs = Object.fromEntries(ownServers.map((service) => [service, programOf(service, args)]));
    const workloads = ownServers.map((service) => createServer(this, service, args));
    this.ready = workloads.flatMap(({ ready }) => ready);
    this.served = workloads.filter((_, place) => ownServer(ownServers[place]!).route !== undefined);
    this.registerOutputs();
  }
}

function programOf(service: OwnServiceName, args: OwnServersArgs): ServerProgram {
  const { images, secrets, networks } = args;
  const server = ownServer(service);
  const { database, environment, internet, route, secrets: wanted = [], user, writable = [] } = server;
  const outside = internet === true || route !== undefined;
  const given = Object.fromEntries(wanted.map((name) => [name, secrets[name]!]));
  const all = { ...environment, ...given, ...(database && { DATABASE_URL: urlOf(args.database) }) };
  return {
    image: images[service],
    environment: Object.keys(all).length > 0 ? all : undefined,
    user,
    networks: [...(outside ? [{ network: networks.edge }] : []), { network: networks.internal }],
    temporary: ["/tmp", ...writable],
  };
}

function urlOf({ connection }: Database): pulumi.Output<string> {
  const { host, name, user, password } = connection;
  return pulumi.interpolate`postgresql://${user}:${password.apply(encodeURIComponent)}@${host}:5432/${name}`;
}

function createServer(parent: OwnServers, service: OwnServiceName, args: OwnServersArgs): Workload {
  const { context, database, migrations, networks, volumes } = args;
  const server = ownServer(service);
  const program = parent.programs[service]!;
  const volume = volumes[`${service}_data`];
  const shared = {
    ...{ context, service, ...program, command: server.command },
    networks: program.networks.map((attachment) =>
      attachment.network === networks.internal ? { ...attachment, aliases: [service] } : attachment,
    ),
    served: servedBy(server, args),
    memory: context.memory(service),
    filesystem: "read-only" as const,
  };
  return new Workload(
    service,
    startsFirst(server)
      ? { ...shared, health: { command: server.health, interval: "3 seconds" }, rollout: "start-first" }
      : {
          ...shared,
          volumes: server.data && volume ? [{ volume, path: server.data }] : [],
          health: { command: server.health },
          rollout: "stop-first",
        },
    { parent, dependsOn: server.database ? [database.ready, migrations.applied] : undefined },
  );
}

function servedBy(server: Server, { edge }: OwnServersArgs): Served | undefined {
  if (!server.route) return undefined;
  const { port, probe, answers, version } = server.route;
  return {
    ...{ edge, port, paths: servedPaths(server) },
    probes: [
      { path: probe, type: answers, tellsRelease: probe === version },
      ...(version && version !== probe ? [{ path: version, tellsRelease: true }] : []),
    ],
  };
}
