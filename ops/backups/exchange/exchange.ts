import { databasePart, unfinished, volumesOfPlan, type Plan } from "./plan";
import { exchangeScript } from "./script";
import { awaitHelpers, helper } from "../helper";
import type { StackHooks } from "../hooks";
import { look, type Seen } from "./look";
import { BackupError } from "../archives/manifest";
import { findMark, putMark, removeMark } from "./mark";
import { exchangeDatabase, serverOf } from "../restore-database";
import { start, stop, usersOf } from "../services";
import { Interrupted, uninterrupted } from "../signals";
import { allowConnections } from "./swap";
import { realName, type Target } from "../target";

/**
 * Lets all that a plan names change places with what is in use, in one stop of the services that use its volumes. What fails
 * or is interrupted before anything has changed places is taken back; what fails later is finished. Signals wait meanwhile.
 *
 * @throws Interrupted where a signal came before anything had changed places
 * @throws Unsettled where it has to be finished by another command
 * @throws Error where nothing was changed, or a service does not get healthy on what it has now
 */
export async function exchange(target: Target, hooks: StackHooks, plan: Plan): Promise<void> {
  const volumes = volumesOfPlan(plan);
  await uninterrupted(async (came) => {
    const services = await users(target, volumes);
    const begin = Date.now();
    try {
      if (volumes.length > 0) await putMark(target, { plan, services });
      if (services.length > 0) await stop(target.docker, services);
      const signal = came();
      if (signal) throw new Interrupted(signal, "Nothing was changed.");
      if (plan.parts.includes(databasePart)) await exchangeDatabase(target, plan);
      if (volumes.length > 0) await exchangeVolumes(target, plan);
    } catch (error) {
      // Whoever gave the order may have missed how it ended: what is there tells.
      if (await settled(target, hooks, plan, error as Error)) return;
      throw error;
    }
    await conclude(target, hooks, plan, services).catch((error: unknown) => {
      throw new BackupError(
        `${(error as Error).message}\nWhat was there is kept: ./dating backup undo ${target.stack}`,
        { cause: error },
      );
    });
    if (services.length > 0)
      console.error(`  ${services.join(", ")} away for ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  });
}

/** What became of an exchange that was interrupted; the plan is missing where none was. */
export interface Settled {
  plan?: Plan;
  /** Whether everything has changed places; else nothing has. */
  finished: boolean;
  /** The stack as it was found. */
  seen: Seen;
}

/**
 * Brings an exchange that was interrupted to an end: where nothing has changed places, it is taken back; else it is finished.
 * Then the services that it has stopped are started.
 *
 * @param own the plan of one that this command itself has begun
 * @throws Error where Docker cannot be asked, or the database when only it knows
 */
export async function settle(target: Target, hooks: StackHooks, own?: Plan): Promise<Settled> {
  await awaitHelpers(target);
  const mark = await findMark(target);
  const seen = await look(target);
  const { beside, silence } = seen;
  if (!silence) await allowConnections(serverOf(target), target.database.name);
  const found = unfinished(beside, mark?.plan ?? own);
  if (!found) return { finished: false, seen };
  const { plan, begun } = found;
  if (begun === undefined)
    throw new BackupError(
      `${sentence(plan.by)} was interrupted, and only the database knows how far it was, which does not answer: ${silence?.message}`,
    );
  const services = mark?.services ?? [];
  const volumes = volumesOfPlan(plan);
  console.error(
    begun
      ? `${sentence(plan.by)} was interrupted while things changed places. It is finished now.`
      : `${sentence(plan.by)} was interrupted before anything had changed places.`,
  );
  return uninterrupted(async () => {
    if (!begun) {
      await startAgain(target, services);
      await removeMark(target);
      return { plan, finished: false, seen };
    }
    const open = volumes.filter((volume) => !beside.volumes[volume]?.some(({ name }) => name === plan.id));
    // Somebody may have started them meanwhile.
    const running = await users(target, open);
    if (running.length > 0) await stop(target.docker, running);
    if (open.length > 0) await exchangeVolumes(target, plan);
    const stopped = [...new Set([...services, ...running])];
    if (stopped.length === 0 && volumes.length > 0)
      console.error(`Which services it had stopped is not known: ./dating status ${target.stack}`);
    // What it has brought back may be why it is to be undone.
    await conclude(target, hooks, plan, stopped).catch((error: unknown) =>
      console.error(`  ${(error as Error).message}`),
    );
    return { plan, finished: true, seen };
  });
}

/** An exchange that is neither taken back nor finished: what it needs has to stay. */
export class Unsettled extends BackupError {}

/**
 * Settles after an error.
 *
 * @returns whether everything has changed places
 * @throws Unsettled that says how to go on, where that cannot be done now
 */
async function settled(target: Target, hooks: StackHooks, plan: Plan, error: Error): Promise<boolean> {
  try {
    const { finished } = await settle(target, hooks, plan);
    if (finished) console.error(`  ${error.message}`);
    return finished;
  } catch (second) {
    const { stack } = target;
    throw new Unsettled(
      [
        error.message,
        `It could not be put in order: ${(second as Error).message}`,
        `Nothing is lost. What was stopped stays stopped, as its data may have changed places only in part.`,
        `When Docker and the database answer, one of these goes on from here:`,
        `  back to what was there:  ./dating backup undo ${stack}`,
        `  once more:               ./dating backup restore ${stack}`,
      ].join("\n"),
      { cause: error },
    );
  }
}

/** The running containers that use volumes. */
async function users(target: Target, volumes: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const volume of volumes) found.push(...(await usersOf(target.docker, realName(target, volume))));
  return [...new Set(found)].sort();
}

async function exchangeVolumes(target: Target, plan: Plan): Promise<void> {
  const { id, coming } = plan;
  const args = ["exchange", JSON.stringify(plan), id, coming];
  const run = helper(target, { volumes: volumesOfPlan(plan), step: "exchange" }, exchangeScript, args);
  await target.docker.undisturbed.text(run);
}

/** The volume with the files of the whole database server. */
export const clusterVolume = "postgres_data";

/** Starts what was stopped, and does what files of a database from another time need. */
async function conclude(target: Target, hooks: StackHooks, plan: Plan, services: string[]): Promise<void> {
  await startAgain(target, services);
  const isCluster = plan.parts.includes(clusterVolume);
  // Until they have the passwords of today, a command that is killed is not done.
  if (!isCluster) await removeMark(target);
  try {
    services.forEach((service) => hooks.awaitHealthy(service));
    if (!isCluster) return;
    hooks.provisionRoles();
    hooks.migrate(target.database.name);
  } finally {
    if (isCluster) await removeMark(target);
  }
}

/** Those that a deploy has replaced meanwhile are not there any more. */
async function startAgain({ docker }: Target, services: string[]): Promise<void> {
  const there = (await docker.text(["ps", "--all", "--format", "{{.Names}}"])).split("\n");
  const again = services.filter((service) => there.includes(service));
  if (again.length > 0) await start(docker, again);
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
