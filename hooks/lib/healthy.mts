import { Changes } from "./changes.mts";
import {
  engineTime,
  inspect,
  lastLines,
  nameOf,
  NoSuchContainer,
  type Deadline,
  type Inspected,
} from "./docker.mts";
import { healthOf, staleAdvice } from "./health.mts";

/** Restarts of one container after which waiting for it is over. */
const mostRestarts = 3;

/** What is to be done about a container that is to become healthy. */
export type Verdict =
  { verdict: "healthy" } | { verdict: "wait"; health: string } | { verdict: "failed"; why: string };

/**
 * Judges a container that is to become healthy.
 *
 * @param restarts that it had when the waiting began: one that was given another memory limit is the same as before, with
 *   the restarts of its worse days
 * @param now the time on the engine's clock
 */
export function judge(container: Inspected, restarts: number, now: Date): Verdict {
  const { Status: status } = container.State;
  const health = healthOf(container, now);
  const restarted = container.RestartCount - restarts;
  if (health === "none") return { verdict: "failed", why: "has no health check" };
  if (status === "exited" || status === "dead") return { verdict: "failed", why: "has stopped" };
  if (health === "healthy") return { verdict: "healthy" };
  if (restarted >= mostRestarts) return { verdict: "failed", why: `was restarted ${restarted} times` };
  return { verdict: "wait", health };
}

/**
 * Waits until a container is healthy.
 *
 * @returns the container as it then is
 * @throws when it does not become so in time, stops, or is gone; the message has its last log lines and health checks
 * @throws CouldNotAsk
 */
export async function awaitHealthy(id: string, deadline: Deadline): Promise<Inspected> {
  const changes = new Changes(id);
  try {
    return await wait(id, changes, deadline);
  } catch (error) {
    if (error instanceof NoSuchContainer) throw new Error(`Container ${id} is gone`);
    throw error;
  } finally {
    changes.end();
  }
}

async function wait(id: string, changes: Changes, deadline: Deadline): Promise<Inspected> {
  let restarts: number | undefined;
  for (;;) {
    const container = await inspect(id, deadline);
    restarts ??= container.RestartCount;
    const found = judge(container, restarts, await timeFor(container, deadline));
    if (found.verdict === "healthy") return container;
    if (found.verdict === "failed") throw new Error(await report(container, found.why));
    if (deadline.passed) {
      const why = `did not become healthy within ${deadline.seconds} seconds (${found.health})`;
      const advice = found.health === "unknown" ? `${staleAdvice(container)}\n` : "";
      throw new Error(advice + (await report(container, why)));
    }
    await changes.next(deadline.left);
  }
}

/** The time by which a container's state is judged. The engine's clock is asked only where this machine's makes a state doubtful: each question costs a call. */
export async function timeFor(container: Inspected, deadline: Deadline): Promise<Date> {
  const here = new Date();
  return healthOf(container, here) === "unknown" ? engineTime(deadline) : here;
}

/** What is wrong with a container, with the last that it said. */
async function report(container: Inspected, why: string): Promise<string> {
  const lines = (text: string) => text.split("\n").map((line) => `    ${line}`);
  const checks = (container.State.Health?.Log ?? [])
    .slice(-3)
    .flatMap(({ ExitCode, Output }) => lines(`exit ${ExitCode}: ${Output.trim()}`));
  return [
    `${nameOf(container)} ${why}. Its last log lines:`,
    ...lines(await lastLines(container.Id, 20)),
    "Its last health checks:",
    ...checks,
  ].join("\n");
}
