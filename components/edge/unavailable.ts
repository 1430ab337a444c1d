import { botPaths } from "../../config/services/paths";
import type { EntryPoint } from "../context";
import type { DynamicConfiguration } from "./dynamic";
import { hostRule } from "./hosts";

/*
 * What people get for a service that does not answer: 503 in the form of its answers, and never another service's page.
 * Traefik leaves out a container that is not healthy, and with it the service's routers; so a router of its own, which every
 * other goes before, takes what is left. Who answers is the HAProxy of the socket proxy: it is there in any case, on a network
 * that nobody else reaches, and can answer without anybody behind it.
 */

/** The port on which the socket proxy answers for services that do not. */
export const unavailablePort = 8503;

/** The service in Traefik's file that leads there. */
export const unavailableService = "unavailable@file";

/** Seconds after which clients may ask again. */
const retryAfter = 5;

/** The router that Traefik asks last. */
export function unavailableRoutes(
  hosts: string[],
  entryPoint: EntryPoint,
  proxy: string,
): DynamicConfiguration {
  return {
    http: {
      routers: {
        unavailable: {
          rule: hostRule(hosts),
          priority: 1,
          entryPoints: [entryPoint],
          service: "unavailable",
        },
      },
      services: {
        unavailable: { loadBalancer: { servers: [{ url: `http://${proxy}:${unavailablePort}` }] } },
      },
    },
  };
}

const json = '{"error":"the service is not available at the moment"}';
const page =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Not available</title>' +
  "<p>This page is not available at the moment. Please try again soon.</p></html>";

/**
 * HAProxy's part: 503 as JSON for the bot's paths, as a page for all others. It has fewer connections than the whole, so that
 * people who wait for a service do not keep Traefik from asking the Docker Engine.
 */
export const unavailableFrontend = `frontend unavailable
  bind :${unavailablePort}
  maxconn 128
  acl api path_beg ${botPaths.prefixes.join(" ")}
  acl api path ${botPaths.exact.join(" ")}
  http-request return status 503 content-type application/json hdr Retry-After ${retryAfter} hdr Cache-Control no-store string '${json}' if api
  http-request return status 503 content-type text/html hdr Retry-After ${retryAfter} hdr Cache-Control no-store string '${page}'
`;
