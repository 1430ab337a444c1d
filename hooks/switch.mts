/*
 * Starts the new container of a service of which only one may run, in the place of the one before it. Where it does not
 * come up, or is not served though the edge leads to it, or the deploy is interrupted, it stops it and starts the one before again. Safe to run again wherever it was
 * killed: no container is started before Docker has said that no other of the service runs.
 *   CONTAINER        id of the new container, which is made and not started
 *   HEALTH_TIMEOUT   seconds that it may take to become healthy
 *   NETWORKS         the networks that it is to be on, as JSON: [{"name": …, "aliases": […]}]
 */
import {
  containersOf,
  Deadline,
  find,
  inspect,
  nameOf,
  NoSuchContainer,
  type Inspected,
} from "./lib/docker.mts";
import { awaitHealthy } from "./lib/healthy.mts";
import { run, variable } from "./lib/hook.mts";
import { awaitKnown } from "./lib/edge/known.mts";
import { Interruption } from "./lib/interruption.mts";
import { attachmentsOf, connect, start, stop, unpublishedPorts, type Attachment } from "./lib/containers.mts";
import { awaitServed } from "./lib/edge/served.mts";
import { planSuccession } from "./lib/succession.mts";

/** Seconds in which Docker has to answer before anything is stopped, and each time that something is. */
const answer = 60;
/** Seconds that a new container has to stop in when the deploy is interrupted: Pulumi kills its hooks after ten. */
const hurry = 3;

const interruption = new Interruption();
await run(async () => {
  const seconds = Number(variable("HEALTH_TIMEOUT"));
  const networks = JSON.parse(variable("NETWORKS")) as Attachment[];
  const own = await prepare(variable("CONTAINER"), networks);
  const { stop: others, before } = planSuccession(await othersOf(own));
  const toStop = new Set(others);
  interruption.check();
  try {
    for (const other of others) {
      await stop(other, new Deadline(answer));
      toStop.delete(other);
    }
    interruption.check();
    if (!own.State.Running) await start(own, networks, new Deadline(answer));
    const deadline = new Deadline(seconds);
    const healthy = await interruption.race(awaitHealthy(own.Id, deadline));
    await interruption.race(awaitKnown(healthy, deadline));
    await interruption.race(awaitServed(healthy, deadline));
    const unpublished = unpublishedPorts(healthy);
    if (unpublished.length > 0)
      throw new Error(
        `${nameOf(own)} is healthy, but Docker does not publish its port ${unpublished.join(", ")}`,
      );
  } catch (error) {
    if (!before) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`${what}\n${await putBack(own, before, toStop.has(before), seconds)}`);
  }
});
// Of an interrupted one, somebody may still wait for the new container.
process.exit();

/** The new container, on its networks: all that can be done is done before another one is stopped. */
async function prepare(id: string, networks: Attachment[]): Promise<Inspected> {
  const deadline = new Deadline(answer);
  try {
    const found = await inspect(id, deadline);
    if (networks.every(({ name }) => name in found.NetworkSettings.Networks)) return found;
    await stop(found, deadline);
    await connect(found, networks, deadline);
    return await inspect(id, deadline);
  } catch (error) {
    throw error instanceof NoSuchContainer ? new Error(`${error.message}; nothing was stopped`) : error;
  }
}

async function othersOf(own: Inspected): Promise<Inspected[]> {
  const { "dating.stack": stack = "", "dating.service": service = "" } = own.Config.Labels ?? {};
  const deadline = new Deadline(answer);
  const others: Inspected[] = [];
  for (const id of await containersOf(stack, service, deadline)) {
    const other = id === own.Id ? undefined : await find(id, deadline);
    if (other) others.push(other);
  }
  return others;
}

/**
 * Lets the one before serve again, and says how that went.
 *
 * @param stopping whether Docker may still be stopping it, as where nobody has its answer
 */
async function putBack(
  own: Inspected,
  before: Inspected,
  stopping: boolean,
  seconds: number,
): Promise<string> {
  const [failed, old] = [nameOf(own), nameOf(before)];
  try {
    await stop(own, new Deadline(answer), interruption.signal ? hurry : undefined);
    if (stopping) await stop(before, new Deadline(answer));
    await start(before, attachmentsOf(before), new Deadline(answer));
    const deadline = new Deadline(seconds);
    const healthy = await awaitHealthy(before.Id, deadline);
    const returned = `${failed} is stopped. ${old}, the one before it, runs again and is healthy`;
    const unserved = await whyNotServed(healthy, deadline);
    return unserved === undefined ? `${returned}.` : `${returned}. But ${unserved}`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${failed} is to be stopped and ${old}, the one before it, to be started again, which failed: ${why}\nDeploy again.`;
  }
}

/**
 * Waits until a healthy container is served, or leads to all that it serves.
 *
 * @returns why it does not; undefined where it does, and where the deploy was interrupted, as there is no time to ask
 */
async function whyNotServed(healthy: Inspected, deadline: Deadline): Promise<string | undefined> {
  if (interruption.signal) return undefined;
  try {
    await interruption.race(awaitKnown(healthy, deadline));
    await interruption.race(awaitServed(healthy, deadline));
    return undefined;
  } catch (error) {
    if (interruption.signal) return undefined;
    return error instanceof Error ? error.message : String(error);
  }
}
