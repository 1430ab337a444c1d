import type { Inspected } from "./docker.mts";

/** How a container of a service that only one may run of takes over. */
export interface Succession {
  /** What has to be stopped first. */
  stop: Inspected[];
  /** Which is started again where the new one does not come up; undefined where there is none that ever served. */
  before?: Inspected;
}

/**
 * Decides what a new container takes over from.
 *
 * Usually one other runs. After a hook that was killed none may, or the new one already; then the one before is told by its
 * last health checks, which Docker keeps for a stopped container, too: one that never came up has passed none of them.
 *
 * @param others all other containers of the service
 */
export function planSuccession(others: readonly Inspected[]): Succession {
  const running = others.filter(({ State }) => State.Running);
  const [before] = latestFirst(running.length > 0 ? running : others.filter(hasServed));
  return { stop: running, before };
}

function hasServed({ State: { StartedAt, Health: health } }: Inspected): boolean {
  return Date.parse(StartedAt) > 0 && (health?.Log ?? []).some(({ ExitCode }) => ExitCode === 0);
}

function latestFirst(containers: readonly Inspected[]): Inspected[] {
  return [...containers].sort((a, b) => Date.parse(b.State.StartedAt) - Date.parse(a.State.StartedAt));
}
