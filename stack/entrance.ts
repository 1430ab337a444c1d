import { Edge } from "../components/edge";
import { frontOf } from "../components/edge/front";
import { redirectedHosts } from "../components/edge/hosts";
import { edgeLimits } from "../components/edge/limits";
import { SocketProxy } from "../components/socket-proxy";
import { tlsSettings, type TlsSettings } from "../components/edge/tls";
import type { Ground } from "./ground";

/** The way in. */
export interface Entrance {
  edge: Edge;
  /** How the Docker Engine is asked for services. */
  socketProxy: SocketProxy;
  /** Undefined where the stack serves HTTP only. */
  tls?: TlsSettings;
}

/** Traefik, and the proxy through which it reads from the Docker Engine. */
export function createEntrance({
  config,
  context,
  images,
  networks,
  volumes,
  url,
  onHost,
}: Ground): Entrance {
  const socketProxy = new SocketProxy(
    "socket-proxy",
    { context, image: images["socket-proxy"], socket: config.dockerSocket, network: networks.dockerApi },
    onHost,
  );
  const tls = tlsSettings(config);
  const edge = new Edge(
    "edge",
    {
      ...{ context, networks, socketProxy, tls, url },
      image: images.traefik,
      httpPort: config.httpPort,
      redirected: redirectedHosts(config),
      limits: edgeLimits(config),
      certificates: volumes.traefik_certs,
      front: frontOf(config),
    },
    onHost,
  );
  return { edge, socketProxy, tls };
}
