import { createHash } from "node:crypto";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "./context";
import type { SocketProxy } from "./socket-proxy";
import { Workload } from "./workload";

export interface EdgeArgs {
  context: StackContext;
  /** Image with the contract of the official `traefik:v3`. */
  image: string;
  /** Port on the Docker host, on all interfaces. */
  httpPort: number;
  /** Network on which services are reached. */
  network: docker.Network;
  /** How the Docker Engine is asked for services. */
  dockerApi: { proxy: SocketProxy; network: docker.Network };
}

/** Traefik: the only service that the outside reaches. It finds services by their labels. */
export class Edge extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: EdgeArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Edge", name, {}, opts);
    this.container = createProxy(this, args).container;
    this.registerOutputs();
  }
}

/** Where a service is found on the edge. */
export interface Route {
  /** Name of the service, one for all its releases. */
  service: string;
  /** Traefik's rule, as in ``Host(`example.com`) && PathPrefix(`/api`)``. */
  rule: string;
  /** The service's port. */
  port: number;
}

/**
 * The labels by which the edge finds a service.
 *
 * While a release is replaced, two containers of the service run. Traefik drops a router that two containers define
 * differently, and with it all of the service's requests; so each rule is a router of its own, and both lead to the
 * one service that has the servers of both.
 */
export function routeLabels(context: StackContext, { service, rule, port }: Route): Record<string, string> {
  const name = `${context.prefix}-${service}`;
  const router = `${name}-${createHash("sha256").update(rule).digest("hex").slice(0, 8)}`;
  return {
    "traefik.enable": "true",
    [`traefik.http.routers.${router}.entrypoints`]: "web",
    [`traefik.http.routers.${router}.rule`]: rule,
    [`traefik.http.routers.${router}.service`]: name,
    [`traefik.http.services.${name}.loadbalancer.server.port`]: String(port),
  };
}

const webPort = 8000;
const pingPort = 8082;
/** For Prometheus, which finds it as `traefik:8083` on the edge's network. */
const metricsPort = 8083;

function createProxy(parent: Edge, args: EdgeArgs): Workload {
  const { context, image, httpPort, network, dockerApi } = args;
  const ping = ["--ping=true", "--ping.entrypoint=ping", `--entrypoints.ping.address=127.0.0.1:${pingPort}`];
  return new Workload(
    "traefik",
    {
      context,
      service: "traefik",
      image,
      command: [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        `--entrypoints.web.address=:${webPort}`,
        "--providers.docker=true",
        `--providers.docker.endpoint=${dockerApi.proxy.address}`,
        "--providers.docker.exposedbydefault=false",
        // Without both, the edge also takes up other stacks' services, in networks that it is not on.
        `--providers.docker.constraints=Label(\`dating.stack\`, \`${context.prefix}\`)`,
        pulumi.interpolate`--providers.docker.network=${network.name}`,
        "--log.level=INFO",
        "--log.format=json",
        "--accesslog=true",
        "--accesslog.format=json",
        // An entry point of their own: on the public one, a redirect would keep Prometheus away and people would see them.
        `--entrypoints.metrics.address=:${metricsPort}`,
        "--metrics.prometheus=true",
        "--metrics.prometheus.entrypoint=metrics",
        ...ping,
      ],
      networks: [{ network, aliases: ["traefik"] }, { network: dockerApi.network }],
      ports: [{ container: webPort, host: httpPort, reach: "everyone" }],
      health: { command: `traefik healthcheck ${ping.join(" ")}`, interval: "5 seconds" },
      memory: context.memory("traefik", "256 MiB"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "stop-first",
    },
    { parent, dependsOn: [dockerApi.proxy.healthy] },
  );
}
