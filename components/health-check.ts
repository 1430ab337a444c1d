import { quoted } from "../config/shell";
import { toGoDuration, toSeconds, type Duration } from "../config/units";

/** How the health of a container is asked. */
export interface HealthCheck {
  /**
   * A shell command that exits with 0 when the service answers: it asks the service, not the process. A list is run
   * without a shell, for images that have none.
   */
  command: string | string[];
  /**
   * Between two checks once the service is healthy. Each is a process that the engine starts: some 0.07 s of processor time
   * with the engine's own part. @default "15 seconds"; "5 seconds" where the service is drained, which takes as long
   */
  interval?: Duration;
  /** For one attempt. @default "3 seconds" */
  timeout?: Duration;
  /** Failures in a row after which the container is unhealthy. @default 3 */
  retries?: number;
  /** Time after the start in which a failure does not count. @default "30 seconds" */
  startPeriod?: Duration;
}

/**
 * The health check of a service that is drained before it is stopped: the image needs `sh`, `timeout` and `touch`, and a
 * folder /tmp that anybody may write.
 */
export type DrainableHealthCheck = Omit<HealthCheck, "command" | "retries"> & { command: string };

/** A container is marked for draining by this file; its health check fails from then on. */
export const drainFile = "/tmp/drain";

/** What a new container is asked at, from its start until it is healthy the first time. Engines before 25 know no such thing. */
export const startInterval = "1s";

/** Seconds between two attempts of a check that is drained: a start takes no longer for them than it must. */
const pauses = [0.5, 1, 2, 3];

/**
 * The check as the Docker provider writes it.
 *
 * Docker takes a container for unhealthy after some failed checks in a row, with the interval between them. One that is
 * drained would go on being sent requests for all that time, so its check makes its attempts itself, and one that fails
 * is enough: the mark for draining is seen at the next check, and a service that misses a beat is still asked again.
 */
export function dockerHealthCheck(check: HealthCheck, options: { drainable: boolean; quickStart: boolean }) {
  const timeout = check.timeout ?? "3 seconds";
  return {
    ...(options.drainable && typeof check.command === "string"
      ? { tests: ["CMD-SHELL", attempts(check.command, timeout)], timeout: longest(timeout), retries: 1 }
      : { tests: plain(check.command), timeout: toGoDuration(timeout), retries: check.retries ?? 3 }),
    interval: toGoDuration(check.interval ?? (options.drainable ? "5 seconds" : "15 seconds")),
    startPeriod: toGoDuration(check.startPeriod ?? "30 seconds"),
    ...(options.quickStart && { startInterval }),
  };
}

function plain(command: string | string[]): string[] {
  return Array.isArray(command) ? ["CMD", ...command] : ["CMD-SHELL", command];
}

function attempts(command: string, timeout: Duration): string {
  const attempt = `timeout ${toSeconds(timeout)} sh -c ${quoted(command)} && exit`;
  return `for pause in ${pauses.join(" ")} 0; do test ! -e ${drainFile} || exit 1; ${attempt}; sleep $pause; done; exit 1`;
}

/** More than all attempts and pauses can take, as Docker ends a check that takes longer. */
function longest(timeout: Duration): string {
  const paused = pauses.reduce((sum, pause) => sum + pause, 0);
  return toGoDuration(`${Math.ceil((pauses.length + 1) * toSeconds(timeout) + paused) + 2} seconds`);
}
