import { CouldNotAsk, nameOf, type Deadline, type Inspected } from "../docker.mts";
import {
  addressOn,
  edgeOf,
  routeOf,
  serverOf,
  type Edge,
  wrongOfEdge,
  wrongOfRelease,
  type EdgeState,
} from "./edge.mts";
import type { Answer } from "./relay.mts";
import type { Probe, Route } from "./route.mts";

/** Milliseconds between two looks at the edge. */
const pause = 200;

/** What the edge does with a container: why it is not served by it, where it is not. */
export interface Look {
  state?: EdgeState;
  wrong?: string;
  /** What the container itself answers, where it was asked. */
  answers: ProbeAnswer[];
}

/** What of a container, or of a task of Swarm, says how it is to be served. */
export type Servable = Pick<Inspected, "Name" | "Config" | "NetworkSettings">;

/** A path that was asked for, and what came. */
export interface ProbeAnswer {
  probe: Probe;
  answer: Answer;
}

/**
 * Waits until the edge sends requests to a container, and each of its paths is answered as the container itself answers.
 * Does not wait for a container to which the edge does not lead.
 *
 * @throws when that is not so in time; the message says which path, what came, and what the edge says of it
 * @throws CouldNotAsk
 */
export async function awaitServed(container: Servable, deadline: Deadline): Promise<void> {
  const route = routeOf(container);
  if (!route) return;
  const edge = edgeOf(container, deadline);
  for (;;) {
    const { wrong, state } = await lookAt(edge, route, container);
    if (!wrong) return;
    if (deadline.passed) throw new Error(notServed(route, container, wrong, state));
    await deadline.sleep(pause);
  }
}

/**
 * Looks once whether the edge serves a container.
 *
 * @param only whether no other container may answer, as when the old one was drained
 * @throws CouldNotAsk
 */
export async function lookAt(edge: Edge, route: Route, container: Servable, only = false): Promise<Look> {
  const proxy = await edge.container();
  if (!proxy) return { answers: [], wrong: "the edge (service traefik) does not run" };
  const address = addressOn(container, route.network);
  if (!address) return { answers: [], wrong: `the container has no address on the network ${route.network}` };
  let state: EdgeState | undefined;
  const answers: ProbeAnswer[] = [];
  try {
    state = await edge.stateOf(proxy, route);
    const server = serverOf(container, route);
    const others = state.servers.filter((url) => url !== server);
    if (state.servers.length === others.length)
      return { state, answers, wrong: `the edge does not know its address ${server}` };
    if (only && others.length > 0)
      return { state, answers, wrong: `the edge also sends requests to ${others.join(", ")}` };
    // All at once: each is a call of Docker's, which takes as long as the answer.
    const found = await Promise.all(
      route.probes.map(async (probe): Promise<ProbeAnswer & { wrong?: string }> => {
        const answer = await edge.ofContainer(proxy, route, address, probe);
        const own = wrongOfRelease(probe, answer);
        return {
          ...{ probe, answer },
          wrong: own ?? (await compare(edge, proxy, route, { probe, answer }, others.length)),
        };
      }),
    );
    answers.push(...found);
    return { state, answers, wrong: found.find(({ wrong }) => wrong)?.wrong };
  } catch (error) {
    if (error instanceof CouldNotAsk) throw error;
    return { state, answers, wrong: error instanceof Error ? error.message : String(error) };
  }
}

async function compare(
  edge: Edge,
  proxy: Inspected,
  route: Route,
  { probe, answer }: ProbeAnswer,
  others: number,
): Promise<string | undefined> {
  let wrong: string | undefined;
  // The edge takes its servers in turns, so after one question for each the new one has answered.
  for (let turn = 0; turn <= others; turn++) {
    wrong = wrongOfEdge(probe, await edge.throughEntryPoint(proxy, route, probe), answer);
    if (!wrong) return undefined;
  }
  return `on port ${route.entryPoint.port}, ${route.host}${wrong}`;
}

/** For people: which route is not served, what came, and what the edge says. */
export function notServed(route: Route, container: Servable, wrong: string, state?: EdgeState): string {
  const name = nameOf(container);
  const says = !state
    ? []
    : [
        `Traefik sends requests for ${route.service} to: ${state.servers.join(", ") || "nobody"}; ` +
          `it knows ${state.routers} of its routers`,
        ...state.complaints.map((complaint) => `Traefik says: ${complaint}`),
      ];
  return [`${name} is not served by the edge: ${wrong}`, ...says].join("\n    ");
}
