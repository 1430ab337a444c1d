import type { DynamicConfiguration } from "./dynamic";

/** Traefik's entry point for metrics: its own, and those of the services that the edge leads to. */
export const metricsEntryPoint = "metrics";

/** Upper ends of the ranges in which Traefik counts how long answers took, in seconds: those of Prometheus' client libraries. */
export const durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

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
