import { runningOf, type Deadline, type Inspected } from "../docker.mts";
import { askFrom, type Answer } from "./relay.mts";
import type { Probe, Route, RouteLabel } from "./route.mts";

/** What the edge has of a service in its running configuration. */
export interface EdgeState {
  /** Addresses to which it sends requests, as `http://172.18.0.5:8080`. */
  servers: string[];
  /** What it says of the routers that lead to the service: those that it does not use, and why. */
  complaints: string[];
  routers: number;
}

/** The service that is the edge. */
export const edgeService = "traefik";

/** The edge as one stack has it. */
export class Edge {
  private readonly stack: string;
  private readonly deadline: Deadline;

  constructor(stack: string, deadline: Deadline) {
    this.stack = stack;
    this.deadline = deadline;
  }

  /**
   * The edge's container; undefined where none runs, by Docker's own word.
   *
   * @throws CouldNotAsk
   */
  container(): Promise<Inspected | undefined> {
    return runningOf(this.stack, edgeService, this.deadline);
  }

  /**
   * Asks the edge for its running configuration.
   *
   * @throws where it does not answer; the message says why
   */
  async stateOf(edge: Inspected, { service, apiPort, provider }: Route): Promise<EdgeState> {
    const [found, listed] = await Promise.all([
      this.api(edge, apiPort, `/api/http/services/${service}@${provider ?? "docker"}`),
      this.api(edge, apiPort, `/api/http/routers?per_page=1000&search=${service}`),
    ]);
    const all = JSON.parse(listed.body) as {
      name: string;
      service: string;
      status: string;
      error?: string[];
    }[];
    const routers = all.filter((router) => router.service.split("@")[0] === service);
    return {
      servers: found.status === 404 ? [] : serversOf(found.body),
      complaints: routers
        .filter(({ status }) => status !== "enabled")
        .map(({ name, status, error = [] }) => `router ${name} is ${status}: ${error.join("; ")}`),
      routers: routers.length,
    };
  }

  private async api(edge: Inspected, port: number, path: string): Promise<Answer> {
    const answer = await askFrom({ from: edge.Id, address: "127.0.0.1", port, path });
    if (answer.type === "application/json" || answer.status === 404) return answer;
    throw new Error(`Traefik's API answers ${path} with ${answer.status} ${answer.type}`);
  }

  /** Asks for a path as people do: on an entry point, by the public name. */
  throughEntryPoint(edge: Inspected, { host, entryPoint }: Route, { path }: Probe): Promise<Answer> {
    return askFrom({ from: edge.Id, address: "127.0.0.1", ...entryPoint, host, path });
  }

  /** Asks a service's container for a path, over the network on which the edge reaches it. */
  ofContainer(edge: Inspected, { host, port }: Route, address: string, { path }: Probe): Promise<Answer> {
    return askFrom({ from: edge.Id, address, port, host, path });
  }
}

/** A container as the edge lists it among those that it sends requests to. */
export function serverOf(container: Pick<Inspected, "NetworkSettings">, { network, port }: Route): string {
  return `http://${addressOn(container, network)}:${port}`;
}

/** How a container is to be served; undefined where the edge does not lead to it. */
export function routeOf({ Config: { Labels: labels } }: Pick<Inspected, "Config">): Route | undefined {
  const text = labels?.["dating.route" satisfies RouteLabel];
  return text === undefined ? undefined : (JSON.parse(text) as Route);
}

/** The edge that serves a container. */
export function edgeOf({ Config: { Labels: labels } }: Pick<Inspected, "Config">, deadline: Deadline): Edge {
  return new Edge(labels?.["dating.stack"] ?? "", deadline);
}

function serversOf(body: string): string[] {
  const { loadBalancer } = JSON.parse(body) as { loadBalancer?: { servers?: { url: string }[] | null } };
  return (loadBalancer?.servers ?? []).map(({ url }) => url);
}

/** A container's address on a network; undefined where it has none, as one that does not run. */
export function addressOn(
  container: Pick<Inspected, "NetworkSettings">,
  network: string,
): string | undefined {
  return container.NetworkSettings.Networks[network]?.IPAddress || undefined;
}

/** What is wrong with how a release itself answers a probe; undefined where nothing is. */
export function wrongOfRelease({ path, type }: Probe, release: Answer): string | undefined {
  if (type === undefined || (release.status === 200 && release.type === type)) return undefined;
  return `asked directly, it answers ${path} with ${told(release)}; expected is 200 ${type}`;
}

/** What is wrong with an answer that came through the edge; undefined where nothing is. */
export function wrongOfEdge(
  { path, tellsRelease }: Probe,
  answer: Answer,
  release: Answer,
): string | undefined {
  const same =
    answer.status === release.status &&
    answer.type === release.type &&
    (!tellsRelease || answer.body === release.body);
  if (same) return undefined;
  return `${path} is answered with ${told(answer)}; the release that was deployed answers ${told(release)}`;
}

/** An answer in one line. */
function told({ status, type, body }: Answer): string {
  return `${status} ${type || "without a content type"}: ${excerpt(body)}`;
}

function excerpt(body: string): string {
  const line = body.replaceAll(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 80)}…` : line || "(nothing)";
}
