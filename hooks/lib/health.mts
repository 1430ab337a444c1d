import { nameOf, type Inspected } from "./docker.mts";

/**
 * A container's health, as far as it can be relied on. `unknown`: Docker still has the state of a check, but makes no more
 * checks, as after an engine that came back under live containers. `none`: the container has no check.
 */
export type Health = "healthy" | "unhealthy" | "starting" | "unknown" | "none";

/** Seconds that Docker waits where the container does not say: its own defaults. */
const defaults = { interval: 30, timeout: 30 };
/** A check that is older than so many rounds was the last one. */
const rounds = 3;
/** Seconds on top, for a host that is busy. */
const slack = 10;

/** Seconds after which a container should have been checked anew. */
export function longestAge({ Config: { Healthcheck: check } }: Inspected): number {
  const seconds = (nanoseconds: number | undefined, otherwise: number) =>
    nanoseconds ? nanoseconds / 1e9 : otherwise;
  const interval = seconds(check?.Interval, defaults.interval);
  const timeout = seconds(check?.Timeout, defaults.timeout);
  return rounds * (interval + timeout) + slack;
}

/** When the last check of a container ended, by the engine's clock; undefined where none has. */
export function lastCheck({ State: { Health: health } }: Inspected): Date | undefined {
  const last = health?.Log?.at(-1);
  return last && new Date(last.End);
}

/**
 * How healthy a container is.
 *
 * @param now the time on the engine's clock
 */
export function healthOf(container: Inspected, now: Date): Health {
  const status = container.State.Health?.Status;
  if (status === undefined || status === "none" || status === "") return "none";
  if (status === "starting") return "starting";
  const checked = lastCheck(container);
  const age = checked ? (now.getTime() - checked.getTime()) / 1000 : 0;
  if (container.State.Running && age > longestAge(container)) return "unknown";
  return status === "healthy" ? "healthy" : "unhealthy";
}

/** What to do about a container that Docker does not check any more. */
export function staleAdvice(container: Inspected): string {
  const name = nameOf(container);
  const last = lastCheck(container)?.toISOString() ?? "never";
  return (
    `Docker makes no health checks of ${name} any more (the last one: ${last}), so its state is unknown; ` +
    `restart it: docker restart ${name}`
  );
}
