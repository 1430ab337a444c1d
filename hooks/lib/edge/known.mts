import { ask, CouldNotAsk, find, type Deadline, type Inspected } from "../docker.mts";
import { Edge, edgeService, routeOf, serverOf } from "./edge.mts";

/** Milliseconds between two looks. */
const pause = 200;

/**
 * Waits until a new edge has found every healthy container that it leads to: one whose ping answers may lead nowhere. Does not
 * wait for a container that is no edge.
 *
 * @throws when it does not find them in time; the message says which
 * @throws CouldNotAsk
 */
export async function awaitKnown(container: Inspected, deadline: Deadline): Promise<void> {
  const { "dating.service": service, "dating.stack": stack = "" } = container.Config.Labels ?? {};
  if (service !== edgeService) return;
  for (;;) {
    const unknown = await unknownTo(container, stack, deadline);
    if (unknown.length === 0) return;
    if (deadline.passed) throw new Error(`the edge leads nowhere: ${unknown.join("; ")}`);
    await deadline.sleep(pause);
  }
}

/** What speaks against it, for each container: that it does not know it, or uses no router to it. */
async function unknownTo(container: Inspected, stack: string, deadline: Deadline): Promise<string[]> {
  const edge = new Edge(stack, deadline);
  const looks = (await servedContainers(stack, deadline)).map(async (served) => {
    const route = routeOf(served)!;
    const server = serverOf(served, route);
    try {
      const { servers, complaints, routers } = await edge.stateOf(container, route);
      const missing = servers.includes(server) ? [] : [`it does not know ${server} (${route.service})`];
      // One route of several is the fault of the release that brings it, whose own gate says so.
      return [...missing, ...(complaints.length === routers ? complaints : [])];
    } catch (error) {
      if (error instanceof CouldNotAsk) throw error;
      return [(error as Error).message];
    }
  });
  return (await Promise.all(looks)).flat();
}

async function servedContainers(stack: string, deadline: Deadline): Promise<Inspected[]> {
  const filters = ["label=dating.route", `label=dating.stack=${stack}`, "health=healthy"];
  const listed = await ask(
    ["ps", "--no-trunc", "--quiet", ...filters.flatMap((one) => ["--filter", one])],
    deadline,
  );
  const ids = listed.split("\n").filter(Boolean);
  // One that was removed meanwhile is nobody's to find.
  const found = await Promise.all(ids.map((id) => find(id, deadline)));
  return found.filter((container) => container !== undefined);
}
