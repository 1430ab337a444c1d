import type { Config } from "../../config";
import { toBytes } from "../../config/units";
import type { DynamicConfiguration } from "./dynamic";

/** What the edge takes of a client, in the units of Traefik's options. */
export interface EdgeLimits {
  /** Seconds that a request may take to arrive, with its body. */
  requestSeconds: number;
  /** Bytes of a request's body. */
  bodyBytes: number;
  /** Bytes of a request's headers, all together. */
  headerBytes: number;
  /** Requests a second of one client for long, and beyond that at once; undefined for any number. */
  rate?: { average: number; burst: number };
  /** Ranges of the proxies before the edge that are believed. */
  proxies: string[];
  /** How they say who asks. */
  proxiesSay: "X-Forwarded-For" | "PROXY protocol";
}

/** The part of a stack's configuration that limits what clients may send. */
export function edgeLimits(config: Config): EdgeLimits {
  const { rateLimit, rateLimitBurst } = config;
  return {
    requestSeconds: config.requestTimeout,
    bodyBytes: toBytes(config.maxRequestBody),
    headerBytes: toBytes(config.maxRequestHeaders),
    rate: rateLimit === 0 ? undefined : { average: rateLimit, burst: rateLimitBurst },
    proxies: config.trustedProxies,
    proxiesSay: config.proxyProtocol ? "PROXY protocol" : "X-Forwarded-For",
  };
}

/** Name of the middleware that limits how often a client asks. */
const rateLimit = "rate-limit";

/**
 * Traefik's options for an entry point that people reach.
 *
 * @param serving whether services are reached on it, and not only led to HTTPS
 */
export function limitOptions(entryPoint: string, limits: EdgeLimits, serving: boolean): string[] {
  const option = `--entrypoints.${entryPoint}`;
  const believed =
    limits.proxiesSay === "PROXY protocol" ? "proxyprotocol.trustedips" : "forwardedheaders.trustedips";
  return [
    // Counted from the first byte to the last of the body: Traefik's own 60 seconds cut off what comes slowly.
    `${option}.transport.respondingtimeouts.readtimeout=${limits.requestSeconds}s`,
    `${option}.http.maxheaderbytes=${limits.headerBytes}`,
    ...(limits.proxies.length > 0 ? [`${option}.${believed}=${limits.proxies.join(",")}`] : []),
    ...(serving && limits.rate ? [`${option}.http.middlewares=${rateLimit}@file`] : []),
  ];
}

/** Traefik's routers for what a limit refuses, and the middlewares behind the limits. */
export function limitRoutes(entryPoint: string, limits: EdgeLimits, uploads: Upload[]): DynamicConfiguration {
  return {
    http: {
      routers: {
        // Before a byte of the body is read. Of no service, so that Traefik answers by itself.
        "body-too-big": {
          entryPoints: [entryPoint],
          rule: `HeaderRegexp(\`Content-Length\`, \`${above(limits.bodyBytes)}\`)`,
          priority: 1_000_000,
          middlewares: ["body-too-big"],
          service: "noop@internal",
        },
        ...Object.fromEntries(
          uploads.map(({ name, rule, service }) => [
            name === undefined ? "body-of-unknown-size" : `body-of-unknown-size-${name}`,
            {
              ...{ entryPoints: [entryPoint], rule: `${rule} && ${unsized}`, priority: 500_000 },
              ...{ middlewares: ["count-body"], service },
            },
          ]),
        ),
      },
      middlewares: {
        // One that lets no address through is how Traefik answers with a status.
        "body-too-big": { ipAllowList: { sourceRange: ["255.255.255.255/32"], rejectStatusCode: 413 } },
        "count-body": {
          buffering: {
            maxRequestBodyBytes: Math.min(limits.bodyBytes, mostCollected),
            // Beyond it, a body is collected in /tmp.
            memRequestBodyBytes: Math.min(limits.bodyBytes, 1024 ** 2),
          },
        },
        ...(limits.rate && {
          [rateLimit]: { rateLimit: { ...limits.rate, sourceCriterion: client(limits) } },
        }),
      },
    },
  };
}

/** The service that takes requests with a body: which requests are its own, and its name in Traefik. */
export interface Upload {
  /** What tells its router from the others'. @default it is the bot */
  name?: string;
  rule: string;
  service: string;
}

/**
 * Requests that may have a body and do not say its length. Only they are collected before they go on: collecting is Traefik's
 * one way to count, and for all requests it would end streaming and fill the memory.
 */
const unsized =
  "!Method(`GET`) && !Method(`HEAD`) && !Method(`OPTIONS`) && !HeaderRegexp(`Content-Length`, `.`)";

/** The most that is collected of a body, so that three of them fit into the edge's temporary file system of 64 MiB. */
const mostCollected = 16 * 1024 ** 2;

/** Who counts as one client. An IPv6 client has a /64 to itself at least; behind proxies Traefik cannot tell these. */
function client({ proxies, proxiesSay }: EdgeLimits): object {
  return proxies.length > 0 && proxiesSay === "X-Forwarded-For"
    ? { ipStrategy: { excludedIPs: proxies } }
    : { ipStrategy: { ipv6Subnet: 64 } };
}

/** A regular expression for the decimal numbers above a limit. */
export function above(limit: number): string {
  const digits = String(limit);
  const longer = `[1-9][0-9]{${digits.length},}`;
  const alike = [...digits].flatMap((digit, index) => {
    if (digit === "9") return [];
    const rest = digits.length - index - 1;
    return `${digits.slice(0, index)}[${Number(digit) + 1}-9]${rest > 0 ? `[0-9]{${rest}}` : ""}`;
  });
  return `^0*(${[longer, ...alike].join("|")})$`;
}
