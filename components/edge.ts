import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "./context";
import type { SocketProxy } from "./socket-proxy";
import { certificatePath, securePort, tlsOptions, trusting, type TlsSettings } from "./tls";
import { Workload } from "./workload";

export interface EdgeArgs {
  context: StackContext;
  /** Image with the contract of the official `traefik:v3`. */
  image: string;
  /** Port on the Docker host, on all interfaces. */
  httpPort: number;
  /** @default HTTP only */
  tls?: TlsSettings;
  /** Where certificates are kept, so that no deploy asks for new ones. */
  certificates: docker.Volume;
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

const webPort = 8000;
const pingPort = 8082;
/** For Prometheus, which finds it as `traefik:8083` on the edge's network. */
const metricsPort = 8083;

function createProxy(parent: Edge, args: EdgeArgs): Workload {
  const { context, image, httpPort, tls, network, dockerApi } = args;
  const { wrap, environment } = trusting(tls?.caCertificate);
  const ping = ["--ping=true", "--ping.entrypoint=ping", `--entrypoints.ping.address=127.0.0.1:${pingPort}`];
  return new Workload(
    "traefik",
    {
      context,
      service: "traefik",
      image,
      command: wrap<pulumi.Input<string>>([
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
        ...(tls ? tlsOptions(tls) : []),
        ...ping,
      ]),
      environment,
      volumes: [{ volume: args.certificates, path: certificatePath }],
      networks: [{ network, aliases: ["traefik"] }, { network: dockerApi.network }],
      ports: [
        { container: webPort, host: httpPort, reach: "everyone" },
        ...(tls ? [{ container: securePort, host: tls.httpsPort, reach: "everyone" as const }] : []),
      ],
      health: { command: `traefik healthcheck ${ping.join(" ")}`, interval: "5 seconds" },
      memory: context.memory("traefik", "256 MiB"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "stop-first",
    },
    { parent },
  );
}
