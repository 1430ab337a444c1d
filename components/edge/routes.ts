import { createHash } from "node:crypto";

import { namedPaths } from "../../config/own-services";
import { botPaths, type Paths } from "../../config/services/paths";
import type { Probe, Route, RouteLabel } from "../../hooks/lib/edge/route.mts";
import type { EntryPoint, StackContext } from "../context";
import type { Edge } from "../edge";
import { networkName } from "../networks";
import { hostRule } from "./hosts";
import { apiPort, securePort, webPort } from "./ports";
import { unavailableService } from "./unavailable";

/** How the edge serves a service. */
export interface Served {
  edge: Edge;
  /** Which of its paths: the bot's, those of one's own, or all that are left. */
  paths: "bot" | Paths | "others";
  /** The service's port. */
  port: number;
  /** What a deploy asks for, through the edge, to see that the release is served. */
  probes: Probe[];
}

/**
 * The labels by which the edge finds a service.
 *
 * While a release is replaced, two containers of the service run. Traefik drops a router that two containers define
 * differently, and with it all of the service's requests; so each rule on each entry point is a router of its own, and
 * all lead to the one service that has the servers of both. The same holds for the middlewares.
 */
export function routeLabels(context: StackContext, service: string, served: Served): Record<string, string> {
  const { paths, port } = served;
  const { entryPoint } = context;
  const name = serviceName(context, service);
  const rule = ruleOf(context, paths);
  const router = `${name}-${hash(entryPoint === "web" ? rule : `${entryPoint} ${rule}`)}`;
  const middlewares = [
    middleware(context, "headers", "headers", securityHeaders(entryPoint)),
    middleware(context, `${service}-errors`, "errors", errorAnswers(paths)),
  ];
  return {
    ["dating.route" satisfies RouteLabel]: routeForHooks(context, service, served),
    "traefik.enable": "true",
    [`traefik.http.routers.${router}.entrypoints`]: entryPoint,
    [`traefik.http.routers.${router}.rule`]: rule,
    [`traefik.http.routers.${router}.service`]: name,
    [`traefik.http.routers.${router}.middlewares`]: middlewares.map(({ name }) => name).join(","),
    ...Object.fromEntries(middlewares.flatMap(({ labels }) => labels)),
    [`traefik.http.services.${name}.loadbalancer.server.port`]: String(port),
  };
}

/** The route for hooks and commands, which look at the container. */
function routeForHooks(context: StackContext, service: string, { port, probes }: Served): string {
  const tls = context.entryPoint === "websecure";
  return JSON.stringify({
    ...{
      service: serviceName(context, service),
      network: networkName(context, "edge"),
      port,
      host: context.hosts[0]!,
    },
    entryPoint: { port: tls ? securePort : webPort, tls },
    ...{ apiPort, probes },
    ...(context.orchestrator.finder.provider !== "docker" && {
      provider: context.orchestrator.finder.provider,
    }),
  } satisfies Route);
}

/** Name of the edge's service, one for all its releases. */
export const serviceName = (context: StackContext, service: string) => `${context.prefix}-${service}`;

const prefixRules = ({ prefixes }: Paths) => prefixes.map((path) => `PathPrefix(\`${path}\`)`);
const pathRules = (paths: Paths) => [
  ...prefixRules(paths),
  ...paths.exact.map((path) => `Path(\`${path}\`)`),
];

/** What is the bot's is nobody else's, also while the bot does not answer: the web app has a page for every path. */
function ruleOf({ hosts }: StackContext, paths: Served["paths"]): string {
  const host = hostRule(hosts);
  if (paths !== "others") return `${host} && (${pathRules(paths === "bot" ? botPaths : paths).join(" || ")})`;
  const named = namedPaths.flatMap(pathRules);
  return named.length > 0 ? `${host} && !(${named.join(" || ")})` : host;
}

/**
 * Traefik's rule for what is sent to a service with a body. The edge has it in its own file, and is replaced where it changes:
 * so it is of the paths' prefixes alone, and another path beside them is the service's release only.
 *
 * @returns undefined where it has no such paths
 */
export function uploadRule(context: StackContext, paths: Served["paths"]): string | undefined {
  if (paths === "others") return ruleOf(context, paths);
  const rules = prefixRules(paths === "bot" ? botPaths : paths);
  return rules.length > 0 ? `${hostRule(context.hosts)} && (${rules.join(" || ")})` : undefined;
}

/**
 * A container that has just died is still sent requests for a moment. What Traefik itself says then (502 where nobody listens,
 * 504 where nobody answers) is told as what it is: not available. A service's own errors go through.
 */
function errorAnswers(paths: Served["paths"]): Record<string, string> {
  return {
    status: "502,504",
    "statusrewrites.502": "503",
    "statusrewrites.504": "503",
    service: unavailableService,
    query: paths === "bot" ? botPaths.prefixes[0]! : "/",
  };
}

function middleware(context: StackContext, name: string, type: string, options: Record<string, string>) {
  const entries = Object.entries(options);
  const full = `${context.prefix}-${name}-${hash(JSON.stringify(entries))}`;
  const label = (key: string) => `traefik.http.middlewares.${full}.${type}.${key}`;
  return { name: full, labels: entries.map(([key, value]): [string, string] => [label(key), value]) };
}

/**
 * What every answer says to browsers. Telegram's web client shows the app in a frame, so that one may; a year of HTTPS is
 * promised for this host name alone, as others below it may not have it.
 */
function securityHeaders(entryPoint: EntryPoint): Record<string, string> {
  return {
    contenttypenosniff: "true",
    referrerpolicy: "strict-origin-when-cross-origin",
    contentsecuritypolicy: "frame-ancestors 'self' https://web.telegram.org",
    ...(entryPoint === "websecure" && { stsseconds: "31536000" }),
  };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
