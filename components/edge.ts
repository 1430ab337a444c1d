import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { hasMiniApp, ownRouted, ownServer, servedPaths } from "../config/own-services";
import type { StackContext } from "./context";
import type { Networks } from "./networks";
import type { SocketProxy } from "./socket-proxy";
import { askingAgainOptions } from "./edge/asking-again";
import { provideOwnCertificate } from "./edge/certificates";
import { merged, type DynamicConfiguration } from "./edge/dynamic";
import { constraintOf, frontLabels, frontNetwork, type Front } from "./edge/front";
import { redirects } from "./edge/hosts";
import { limitOptions, limitRoutes, type EdgeLimits, type Upload } from "./edge/limits";
import { durations, measuredRoutes, metricsEntryPoint } from "./edge/measured";
import { apiPort, metricsPort, securePort, webPort } from "./edge/ports";
import { uploadRule, serviceName } from "./edge/routes";
import { certificatePath, ownCertificateRoutes, tlsOptions, trusting, type TlsSettings } from "./edge/tls";
import { unavailableRoutes } from "./edge/unavailable";
import { Workload } from "./workload";

export interface EdgeArgs {
  context: StackContext;
  /** Image with the contract of the official `traefik:v3`. */
  image: string;
  /** Port on the Docker host, on all interfaces. */
  httpPort: number;
  /** Host names that lead to `url`, the stack's own address. */
  redirected: string[];
  url: string;
  limits: EdgeLimits;
  /** @default HTTP only */
  tls?: TlsSettings;
  /** Where certificates are kept, so that no deploy asks for new ones. */
  certificates: docker.Volume;
  /** The edge's, on which services are reached; the Docker Engine's API for their labels; monitoring's for the metrics. */
  networks: Networks;
  /** How the Docker Engine is asked for services. */
  socketProxy: SocketProxy;
  /** The edge that people reach first. @default they come to this one */
  front?: Front;
}

/** Traefik: the only service that the outside reaches. It finds services by their labels. */
export class Edge extends pulumi.ComponentResource {
  readonly service: Workload;
  /** Network on which services are reached. */
  readonly network: docker.Network;
  /** What depends on this can be served. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: EdgeArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Edge", name, {}, opts);
    this.service = createProxy(this, args);
    this.network = args.networks.edge;
    this.ready = this.service.ready;
    this.registerOutputs();
  }
}

/** Routes that are not found by labels. Nothing can be put into a read-only container, and the image has a shell. */
const routesFile = "/tmp/routes.json";

function createProxy(parent: Edge, args: EdgeArgs): Workload {
  const { context, image, httpPort, tls, limits, networks, socketProxy, front } = args;
  const { finder } = context.orchestrator;
  const find = `--providers.${finder.provider}`;
  const { files, environment } = trusting(tls);
  const ownCertificate = provideOwnCertificate(
    { context, image, tls, volume: args.certificates },
    { parent },
  );
  // Traefik gives the entry point of this name its API. Only who is in the container reaches it.
  const api = `--entrypoints.traefik.address=127.0.0.1:${apiPort}`;
  const ping = ["--ping=true", "--ping.entrypoint=traefik", api];
  return new Workload(
    "traefik",
    {
      context,
      service: "traefik",
      image,
      command: [
        ...writing({ ...files, ROUTES: routesFile }),
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        `--entrypoints.web.address=:${webPort}`,
        ...limitOptions("web", limits, !tls),
        ...(tls ? limitOptions("websecure", limits, true) : []),
        `${find}=true`,
        `${find}.endpoint=${socketProxy.address}`,
        `${find}.exposedbydefault=false`,
        ...finder.options.map((option) => `${find}.${option}`),
        // Its own 2 seconds are a part of every release, twice: for the new container, and for the old one.
        "--providers.providersthrottleduration=500ms",
        // Without both, the edge also takes up other stacks' services, in networks that it is not on.
        `${find}.constraints=${constraintOf(front, networks.previews !== undefined)}`,
        pulumi.interpolate`${find}.network=${networks.edge.name}`,
        `--serverstransport.forwardingtimeouts.dialtimeout=${finder.dialTimeout}`,
        "--log.level=INFO",
        "--log.format=json",
        "--accesslog=true",
        "--accesslog.format=json",
        // The path as Traefik has it comes with its query, which may hold a token. The services log it without.
        "--accesslog.fields.names.RequestPath=drop",
        "--accesslog.fields.headers.defaultmode=drop",
        // An entry point of their own: on the public one, a redirect would keep Prometheus away and people would see them.
        `--entrypoints.${metricsEntryPoint}.address=:${metricsPort}`,
        "--metrics.prometheus=true",
        `--metrics.prometheus.entrypoint=${metricsEntryPoint}`,
        "--metrics.prometheus.addrouterslabels=true",
        // Traefik's own begin at 100 ms: of all that is quicker, a percentile would always say 50 or 95 ms.
        `--metrics.prometheus.buckets=${durations.join(",")}`,
        ...(tls ? tlsOptions(tls) : []),
        ...(tls?.source.kind === "acme" ? askingAgainOptions(socketProxy.host) : []),
        ...ping,
        "--api.insecure=true",
        "--api.dashboard=false",
        `--providers.file.filename=${routesFile}`,
        "--providers.file.watch=false",
      ],
      environment: { ...environment, ROUTES: JSON.stringify(fileRoutes(args)) },
      volumes: [{ volume: args.certificates, path: certificatePath }],
      networks: [
        { network: networks.edge, aliases: ["traefik"] },
        { network: networks.dockerApi },
        { network: networks.monitoring, aliases: ["traefik"] },
        ...(networks.previews ? [{ network: networks.previews }] : []),
        ...(front ? [{ network: { name: frontNetwork(front.prefix) } }] : []),
      ],
      labels: front && frontLabels(context, front),
      ports: [
        { container: webPort, host: httpPort, reach: front ? "loopback" : "everyone" },
        ...(tls ? [{ container: securePort, host: tls.httpsPort, reach: "everyone" as const }] : []),
      ],
      health: { command: `traefik healthcheck ${ping.join(" ")}`, interval: "5 seconds" },
      memory: context.memory("traefik"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "stop-first",
    },
    { parent, dependsOn: ownCertificate && [ownCertificate] },
  );
}

/** The routes that are the edge's own. JSON is YAML, which Traefik reads. */
function fileRoutes({ context, socketProxy, limits, redirected, url, tls }: EdgeArgs): DynamicConfiguration {
  const { entryPoint, hosts } = context;
  const bot = `${serviceName(context, "bot")}@${context.orchestrator.finder.provider}`;
  const uploads = uploadsOf(context);
  return merged([
    unavailableRoutes(hosts, entryPoint, socketProxy.host),
    limitRoutes(entryPoint, limits, uploads),
    ...(hasMiniApp ? [measuredRoutes("bot", bot)] : []),
    redirects(entryPoint, redirected, url),
    ownCertificateRoutes(tls),
  ]);
}

/** Who takes requests with a body: the bot, and the servers of one's own that people reach. */
function uploadsOf(context: StackContext): Upload[] {
  const target = (service: string) =>
    `${serviceName(context, service)}@${context.orchestrator.finder.provider}`;
  const own = ownRouted.map((name) => ({ name, paths: servedPaths(ownServer(name)) }));
  return [
    ...(hasMiniApp ? [{ rule: uploadRule(context, "bot")!, service: target("bot") }] : []),
    ...own.flatMap(({ name, paths }) => {
      const rule = uploadRule(context, paths);
      return rule === undefined ? [] : [{ name, rule, service: target(name) }];
    }),
  ];
}

/** A command that puts environment variables into files, and then is Traefik with the options that follow. */
function writing(files: Record<string, string>): string[] {
  const writes = Object.entries(files).map(([variable, path]) => `printf "%s\\n" "$${variable}" >${path}`);
  return ["sh", "-c", `${writes.join(" && ")} && exec traefik "$@"`, "traefik"];
}
