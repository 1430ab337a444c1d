import type { DynamicConfiguration } from "./dynamic";

/** Traefik's entry point for metrics: its own, and those of the services that the edge leads to. */
export const metricsEntryPoint = "metrics";

/**
 * Leads `/SERVICE/metrics` of the metrics entry point to `/metrics` of a service. So Prometheus measures what is on the edge's
 * network without being there itself, where that service would reach it, too.
 *
 * @param target the service's name in Traefik
 */
export function measuredRoutes(service: string, target: string): DynamicConfiguration {
  const name = `${service}-metrics`;
  return {
    http: {
      routers: {
        [name]: {
          entryPoints: [metricsEntryPoint],
          rule: `Path(\`/${service}/metrics\`)`,
          middlewares: [name],
          service: target,
        },
      },
      middlewares: { [name]: { replacePath: { path: "/metrics" } } },
    },
  };
}
