/** The label of a container that has its route as JSON: whoever looks at a container knows by it how it is to be served. */
export type RouteLabel = "dating.route";

/** A service as the edge knows it, and what it is asked to see whether it is served. */
export interface Route {
  /** Name of the edge's service, one for all releases. */
  service: string;
  /** The network on which the edge reaches it, and the port. */
  network: string;
  port: number;
  /** The public host name. */
  host: string;
  /** The entry point that people use, as the edge's own container reaches it. */
  entryPoint: { port: number; tls: boolean };
  /** The loopback port of the edge's container on which it tells its configuration. */
  apiPort: number;
  probes: Probe[];
  /** What the edge finds it by. Unset: docker. */
  provider?: "swarm";
}

/** A path that is asked for, of the container itself and through the edge: both must answer alike. */
export interface Probe {
  path: string;
  /** The content type with which every release answers it, and with 200. Unset: a release may not have the path. */
  type?: string;
  /**
   * Whether the body tells one release from another: then what comes through the edge must be, to the byte, what the new
   * container itself answers.
   */
  tellsRelease: boolean;
}
