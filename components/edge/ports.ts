/*
 * The ports of Traefik's container. The first two are published on the Docker host, under the numbers that the configuration
 * has.
 */

export const webPort = 8000;
export const securePort = 8443;
/** On its loopback only: the ping, and the API by which hooks learn what it sends requests to. */
export const apiPort = 8082;
/** For Prometheus, which finds it as `traefik:8083` on monitoring's network. */
export const metricsPort = 8083;
