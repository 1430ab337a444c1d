import { createHash } from "node:crypto";

import type { EntryPoint, StackContext } from "./context";

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
 * differently, and with it all of the service's requests; so each rule on each entry point is a router of its own, and
 * all lead to the one service that has the servers of both. The same holds for the middleware of the headers.
 */
export function routeLabels(context: StackContext, { service, rule, port }: Route): Record<string, string> {
  const { entryPoint } = context;
  const name = `${context.prefix}-${service}`;
  const router = `${name}-${hash(entryPoint === "web" ? rule : `${entryPoint} ${rule}`)}`;
  const headers = Object.entries(securityHeaders(entryPoint));
  const middleware = `${context.prefix}-headers-${hash(JSON.stringify(headers))}`;
  return {
    "traefik.enable": "true",
    [`traefik.http.routers.${router}.entrypoints`]: entryPoint,
    [`traefik.http.routers.${router}.rule`]: rule,
    [`traefik.http.routers.${router}.service`]: name,
    [`traefik.http.routers.${router}.middlewares`]: middleware,
    ...Object.fromEntries(
      headers.map(([header, value]) => [`traefik.http.middlewares.${middleware}.headers.${header}`, value]),
    ),
    [`traefik.http.services.${name}.loadbalancer.server.port`]: String(port),
  };
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
