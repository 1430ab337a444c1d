import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "./context";
import { askingAgainFrontend } from "./edge/asking-again";
import { unavailableFrontend } from "./edge/unavailable";
import { Workload } from "./workload";
import type { Orchestrator } from "./workload/spec";

export interface SocketProxyArgs {
  context: StackContext;
  /** Image with the contract of the official `haproxy:3.0`. */
  image: string;
  /** Path of the Docker Engine's socket on its host. */
  socket: string;
  /** Network that only the proxy and those that may ask it join: `GET /containers` shows every container's environment. */
  network: docker.Network;
}

const port = 2375;
const metricsPort = 2376;
const alias = "socket-proxy";

/**
 * Lets a few reading calls of the Docker Engine's API through, and refuses all others with 403. It also answers for services
 * that do not (`unavailable.ts`).
 */
export class SocketProxy extends pulumi.ComponentResource {
  /** Its name on the proxy's network, and where the API is found there. Who asks it may start first, on a host that comes back: it has to ask again. */
  readonly host = alias;
  readonly address = `tcp://${alias}:${port}`;
  /**
   * The same, with what cAdvisor is to believe of the engine. The port is its own: while an old proxy is still there, which
   * has it not, an answer is the new one's.
   */
  readonly metricsAddress = `tcp://${alias}:${metricsPort}`;

  constructor(name: string, args: SocketProxyArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:SocketProxy", name, {}, opts);
    createProxy(this, args);
    this.registerOutputs();
  }
}

/** What Traefik, Promtail and cAdvisor ask for to find containers and to read their logs, with or without an API version. */
const allowedPaths = ({ finder }: Orchestrator) =>
  `^(/v[0-9]+\\.[0-9]+)?/(${["_ping", "version", "events", "networks", ...finder.paths].join("|")}|containers/json|containers/[A-Za-z0-9][A-Za-z0-9_.-]*/(json|logs))$`;

/**
 * The versions of the API that an engine may refuse: Docker 29.0 answers nothing below 1.44. They are taken off the path, and
 * the engine answers in its own version; a newer one is the client's choice and stays.
 */
const oldVersion = "^/v1\\.([0-9]|[1-3][0-9]|4[0-3])/(.*)$";

/**
 * What cAdvisor is told of the engine. It looks for the number of a container's layer, where the image store keeps it, and
 * leaves the container out where it finds none: below Docker's folder, or through containerd's socket, which is as good as
 * root. Only its measurements of disks need that number, and those are off. Engines below 1.10 had no such numbers.
 * From cAdvisor's container/docker/handler.go (`getRwLayerID`) and factory.go (`Register`), v0.60.6.
 */
const engineForMetrics = {
  ServerVersion: "1.9.1",
  Driver: "vfs",
  DockerRootDir: "/var/lib/docker",
  OSType: "linux",
};

/**
 * HAProxy's configuration. Streams (events, logs that are followed) may be silent for long, so only a day without a byte
 * ends one. Without its Upgrade header, no allowed call can turn into a connection that is not looked at any more.
 */
const configurationOf = (orchestrator: Orchestrator) => `global
  log stdout format raw local0 notice
  maxconn 512
defaults
  mode http
  log global
  timeout connect 5s
  retries 1
  timeout http-request 10s
  timeout http-keep-alive 1m
  timeout client 1d
  timeout server 1d
frontend api
  bind :${port}
  bind :${metricsPort}
  acl reading method GET HEAD
  acl allowed path,url_dec -m reg ${allowedPaths(orchestrator)}
  acl plain path -m reg ^[A-Za-z0-9/_.-]+$
  acl info path -m reg ^(/v[0-9]+\\.[0-9]+)?/info$
  acl metrics dst_port ${metricsPort}
  http-request return status 200 content-type application/json string '${JSON.stringify(engineForMetrics)}' if metrics reading info
  http-request deny deny_status 403 unless reading allowed plain
  http-request replace-path ${oldVersion} /\\2
  http-request del-header Upgrade
  http-request del-header HTTP2-Settings
  default_backend engine
backend engine
  server engine unix@/var/run/docker.sock
${unavailableFrontend}${askingAgainFrontend}`;

function createProxy(parent: SocketProxy, { context, image, socket, network }: SocketProxyArgs): Workload {
  // Only an engine that lives asks for health. If the proxy cannot reach it, the engine was restarted under live containers
  // (live-restore) and listens on a new socket of the same name: mounted anew, by a restart, that one is found.
  const ask =
    `exec 3<>/dev/tcp/127.0.0.1/${port} && printf "GET /_ping HTTP/1.0\\r\\n\\r\\n" >&3 && read -r _ status _ <&3 ` +
    `&& { [ "$status" != 503 ] || kill 1; } && [ "$status" = 200 ]`;
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
      environment: { CONFIGURATION: configurationOf(context.orchestrator) },
      // The socket belongs to root and to a group whose number differs from host to host. Root without any capability
      // opens it as its owner, and is no more than an ordinary user towards everything else.
      user: "0:0",
      dockerSocket: socket,
      networks: [{ network, aliases: [alias] }],
      health: { command: `bash -c '${ask}'` },
      memory: context.memory("socket-proxy"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "start-first",
    },
    { parent },
  );
}
