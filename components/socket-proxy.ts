import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "./context";
import { Workload } from "./workload";

export interface SocketProxyArgs {
  context: StackContext;
  /** Image with the contract of the official `haproxy:3.0`. */
  image: string;
  /** Network that only the proxy and those that may ask it join: `GET /containers` shows every container's environment. */
  network: docker.Network;
}

const port = 2375;
const alias = "socket-proxy";
const socket = "/var/run/docker.sock";

/** Lets a few reading calls of the Docker Engine's API through, and refuses all others with 403. */
export class SocketProxy extends pulumi.ComponentResource {
  /** Where the API is found on the proxy's network. Who asks it may start first, on a host that comes back: it has to ask again. */
  readonly address = `tcp://${alias}:${port}`;

  constructor(name: string, args: SocketProxyArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:SocketProxy", name, {}, opts);
    createProxy(this, args);
    this.registerOutputs();
  }
}

/** What Traefik, Promtail and cAdvisor ask for to find containers and to read their logs, with or without an API version. */
export const allowedPaths =
  "^(/v[0-9]+\\.[0-9]+)?/(_ping|version|info|events|networks|containers/json|containers/[A-Za-z0-9][A-Za-z0-9_.-]*/(json|logs))$";

/**
 * HAProxy's configuration. Streams (events, logs that are followed) may be silent for long, so only a day without a byte
 * ends one. Without its Upgrade header, no allowed call can turn into a connection that is not looked at any more.
 */
const configuration = `global
  log stdout format raw local0 notice
  maxconn 256
defaults
  mode http
  log global
  timeout connect 5s
  timeout http-request 10s
  timeout http-keep-alive 1m
  timeout client 1d
  timeout server 1d
frontend api
  bind :${port}
  acl reading method GET HEAD
  acl allowed path,url_dec -m reg ${allowedPaths}
  acl plain path -m reg ^[A-Za-z0-9/_.-]+$
  http-request deny deny_status 403 unless reading allowed plain
  http-request del-header Upgrade
  http-request del-header HTTP2-Settings
  default_backend engine
backend engine
  server engine unix@${socket}
`;

function createProxy(parent: SocketProxy, { context, image, network }: SocketProxyArgs): Workload {
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${port} && printf "GET /_ping HTTP/1.0\\r\\n\\r\\n" >&3 && grep -q "^HTTP/1.. 200" <&3`;
  return new Workload(
    "socket-proxy",
    {
      context,
      service: "socket-proxy",
      image,
      // Nothing can be put into a read-only container, and both images have a shell.
      command: [
        "sh",
        "-c",
        'printf %s "$CONFIGURATION" >/tmp/haproxy.cfg && exec haproxy -db -f /tmp/haproxy.cfg',
      ],
      environment: { CONFIGURATION: configuration },
      // The socket belongs to root and to a group whose number differs from host to host. Root without any capability
      // opens it as its owner, and is no more than an ordinary user towards everything else.
      user: "0:0",
      hostPaths: [{ host: socket, container: socket }],
      networks: [{ network, aliases: [alias] }],
      health: { command: `bash -c '${ask}'` },
      memory: context.memory("socket-proxy", "64 MiB"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "start-first",
    },
    { parent },
  );
}
