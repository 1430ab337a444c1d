import { Deadline, find, lastLinesOfTask } from "./docker.mts";
import { findService, isOf, tasksOf, type Release, type Service, type Task } from "./swarm.mts";

/** Milliseconds between two looks. */
const pause = 500;
/** Tasks of one release that may fail where nothing goes back to another release: a service that is new. */
const mostFailures = 3;

/** A release that serves: the service, and its tasks. */
export interface Converged {
  service: Service;
  tasks: Task[];
}

/** What is to be done about a service that is to run a release. */
export type Verdict =
  | { verdict: "converged"; tasks: Task[] }
  | { verdict: "wait"; why: string }
  | { verdict: "failed"; why: string };

/** States of a task that has ended by itself. One whose health check fails, and which ends well when it is told to, is complete. */
const ended = ["failed", "rejected", "complete"];

/** How Swarm says that it does not go on with an update. */
const givenUp = ["paused", "rollback_started", "rollback_paused", "rollback_completed"];

/**
 * Judges a service that is to run a release.
 *
 * @param begun whether the service was seen with the release: only then another one means that Swarm went back
 */
export function judge(
  service: Service | undefined,
  tasks: Task[],
  release: Release,
  begun: boolean,
): Verdict {
  if (!service) {
    if (begun) return { verdict: "failed", why: "was removed" };
    return { verdict: "wait", why: "is not there" };
  }
  const { State: state = "", Message: message = "" } = service.UpdateStatus ?? {};
  if (service.Spec.Labels?.["dating.release"] !== release.release) {
    if (begun) return { verdict: "failed", why: `was put back to the release before it: ${message}` };
    return { verdict: "wait", why: "was not given this release" };
  }
  if (givenUp.includes(state)) return { verdict: "failed", why: `does not get this release: ${message}` };
  const own = tasks.filter((task) => isOf(task, release));
  const failed = own.filter(({ Status }) => ended.includes(Status.State));
  if (state === "" && failed.length >= mostFailures)
    return { verdict: "failed", why: `has failed ${failed.length} times` };
  if (state === "updating") return { verdict: "wait", why: "is being updated" };
  const wanted = service.Spec.Mode.Replicated?.Replicas ?? 0;
  const live = tasks.filter(({ DesiredState }) => DesiredState === "running");
  const running = live.filter((task) => isOf(task, release) && task.Status.State === "running");
  if (running.length === wanted && live.length === wanted) return { verdict: "converged", tasks: running };
  return { verdict: "wait", why: `has ${running.length} of ${wanted} tasks that run and are healthy` };
}

/**
 * Waits until every task of a service is one of a release, and healthy.
 *
 * @throws when Swarm gives it up, or it is not so in time; the message has the tasks' errors and their last log lines
 * @throws CouldNotAsk
 */
export async function awaitConverged(release: Release, deadline: Deadline): Promise<Converged> {
  let begun = false;
  for (;;) {
    const service = await findService(release.service, deadline);
    const tasks = service ? await tasksOf(release.service, deadline) : [];
    const found = judge(service, tasks, release, begun);
    begun ||= service?.Spec.Labels?.["dating.release"] === release.release;
    if (found.verdict === "converged") return { service: service!, tasks: found.tasks };
    if (found.verdict === "failed") throw new Error(await report(release, tasks, found.why));
    if (deadline.passed)
      throw new Error(await report(release, tasks, `${found.why} after ${deadline.seconds} seconds`));
    await deadline.sleep(pause);
  }
}

/** What is wrong with a service, with what its tasks have said. */
async function report(release: Release, tasks: Task[], why: string): Promise<string> {
  const own = tasks.filter((task) => isOf(task, release));
  const errors = own.flatMap(({ Status: { Err } }) => (Err ? [Err] : []));
  const latest = own.find(({ Status }) => Status.ContainerStatus?.ContainerID);
  const indented = (text: string) => text.split("\n").map((line) => `    ${line}`);
  return [
    `${release.service} ${why}.`,
    ...(errors.length > 0 ? ["Its tasks say:", ...[...new Set(errors)].flatMap(indented)] : []),
    ...(latest ? ["Its last log lines:", ...indented(await lastLinesOfTask(latest.ID, 20))] : []),
    ...(latest ? await healthChecksOf(latest) : []),
  ].join("\n");
}

/** What the last health checks of a task have said, where its container is on the engine that is asked. */
async function healthChecksOf({ Status }: Task): Promise<string[]> {
  const container = await find(Status.ContainerStatus!.ContainerID!, new Deadline(5)).catch(() => undefined);
  const checks = (container?.State.Health?.Log ?? []).slice(-3);
  if (checks.length === 0) return [];
  const told = checks.map(({ ExitCode, Output }) => `    exit ${ExitCode}: ${Output.trim()}`);
  return ["Its last health checks:", ...told];
}
