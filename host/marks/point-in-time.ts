import { holderIn, isGone, type Holder } from "./holder";

/**
 * The label of all that a restore to a point in time makes on a Docker host: its value is the first part of the names of the
 * stack whose backups they are. Further labels say who has begun it, as those of a lock do.
 */
export const pointInTimeLabel = "dating.point-in-time";

/** A container with that label. */
export interface PointInTimeContainer {
  /** Docker's word for it: `running`, `created`, … */
  state: string;
  begun: Holder;
}

/** Who has begun what has these labels. */
export const begunBy = (labels: Readonly<Record<string, string>>): Holder =>
  holderIn(labels, pointInTimeLabel);

/**
 * Whether a container is left over: they end with the command that has begun them, so one that does not run was never started,
 * as its command was killed before that. Of a running one it has to be known that its command is gone.
 */
export function isLeft({ state, begun }: PointInTimeContainer): boolean {
  return state !== "running" || isGone(begun);
}
