import { ask, containersOf, CouldNotAsk, Deadline, find, nameOf, type Inspected } from "./docker.mts";
import { nobody } from "./edge/relay.mts";
import { edgeOf, routeOf, serverOf } from "./edge/edge.mts";
import { lastCheck, staleAdvice } from "./health.mts";
import type { Route } from "./edge/route.mts";
import { lookAt, notServed } from "./edge/served.mts";

/** Milliseconds between two looks. */
const pause = 250;
/** Milliseconds in which a request that the edge has given to the old container just before reaches it. */
const underWay = 300;
/** Milliseconds after a container without a route is unhealthy, in which who uses it may notice. */
const unrouted = 1_500;

/**
 * Takes a container out of service.
 *
 * @param id of the container
 * @param file whose existence fails its health check
 * @throws when it still gets requests at the deadline, or when nobody answers without it; it then goes on serving
 * @throws CouldNotAsk
 */
export async function drain(id: string, file: string, deadline: Deadline): Promise<void> {
  const container = await running(id, deadline);
  if (!container || !(await mark(id, file, deadline))) return;
  const route = routeOf(container);
  try {
    await (route ? awaitUnrouted(container, route, deadline) : awaitUnhealthy(container, deadline));
    await requireSuccessor(container, file, deadline);
  } catch (error) {
    await unmark(id, file);
    throw error;
  }
}

/** The container; undefined where Docker says that it is gone or does not run. */
async function running(id: string, deadline: Deadline): Promise<Inspected | undefined> {
  const container = await find(id, deadline);
  return container?.State.Running ? container : undefined;
}

/** Whether the container was marked; one that has stopped meanwhile was not. */
async function mark(id: string, file: string, deadline: Deadline): Promise<boolean> {
  // What touch itself says is an answer, and no reason to ask again.
  const touch = 'touch "$1" 2>&1 && echo marked || true';
  try {
    const said = (await ask(["exec", "--user", nobody, id, "sh", "-c", touch, "sh", file], deadline)).trim();
    if (said !== "marked") throw new Error(`The container ${id} cannot be marked for draining: ${said}`);
    return true;
  } catch (error) {
    if (error instanceof CouldNotAsk || (await running(id, deadline))) throw error;
    return false;
  }
}

/** Gives the container back to its service, as far as it can be done. */
async function unmark(id: string, file: string): Promise<void> {
  await ask(["exec", "--user", nobody, id, "rm", "-f", file], new Deadline(5)).catch(() => {});
}

async function awaitUnrouted(container: Inspected, route: Route, deadline: Deadline): Promise<void> {
  const edge = edgeOf(container, deadline);
  const server = serverOf(container, route);
  for (;;) {
    const proxy = await edge.container();
    // Without an edge, nobody sends requests.
    if (!proxy || !(await running(container.Id, deadline))) return;
    const why = await edge.stateOf(proxy, route).then(
      ({ servers }) => (servers.includes(server) ? "the edge still sends it requests" : undefined),
      (error: Error) => `the edge does not answer: ${error.message}`,
    );
    if (why === undefined) return deadline.sleep(underWay);
    if (deadline.passed) throw new Error(await notDrained(container, why, deadline));
    await deadline.sleep(pause);
  }
}

async function awaitUnhealthy(container: Inspected, deadline: Deadline): Promise<void> {
  for (;;) {
    const now = await running(container.Id, deadline);
    const status = now?.State.Health?.Status;
    if (status !== "healthy" && status !== "starting") return deadline.sleep(unrouted);
    if (deadline.passed)
      throw new Error(await notDrained(container, "it still passes its health check", deadline));
    await deadline.sleep(pause);
  }
}

/** Why a container was not drained: an engine that makes no more checks never sees the mark. */
async function notDrained(before: Inspected, why: string, deadline: Deadline): Promise<string> {
  const now = await running(before.Id, deadline);
  const unchecked = now && lastCheck(now)?.getTime() === lastCheck(before)?.getTime();
  return (
    `${nameOf(before)} was marked for draining ${deadline.seconds} seconds ago, and ${why}` +
    (unchecked ? `. ${staleAdvice(now)}` : "")
  );
}

/** The container that is left has to be served, and alone. Where none is left, or that one is drained too, the service is taken down. */
async function requireSuccessor(old: Inspected, file: string, deadline: Deadline): Promise<void> {
  for (;;) {
    const left = await successor(old, deadline);
    const route = left && routeOf(left);
    if (!left || !route || (await isMarked(left.Id, file, deadline))) return;
    const { wrong, state } = await lookAt(edgeOf(left, deadline), route, left, true);
    if (!wrong) return;
    if (deadline.passed) throw new Error(notServed(route, left, wrong, state));
    await deadline.sleep(pause);
  }
}

async function isMarked(id: string, file: string, deadline: Deadline): Promise<boolean> {
  const look = 'test -e "$1" && echo marked || true';
  return (
    (await ask(["exec", "--user", nobody, id, "sh", "-c", look, "sh", file], deadline)).trim() === "marked"
  );
}

/** The other container of the service that runs. */
async function successor(old: Inspected, deadline: Deadline): Promise<Inspected | undefined> {
  const { "dating.stack": stack, "dating.service": service } = old.Config.Labels ?? {};
  if (!stack || !service) return undefined;
  for (const id of await containersOf(stack, service, deadline)) {
    const container = id === old.Id ? undefined : await running(id, deadline);
    if (container) return container;
  }
  return undefined;
}
