import type { HostAnswers } from "../asking/answers";
import type { Finding } from "../finding";
import { begunBy, isLeft, pointInTimeLabel } from "../marks/point-in-time";
import { restoreLabel } from "../marks/unfinished-restore";
import type { Wanted } from "../wanted";

/**
 * Whether a restore of the stack was interrupted while data changed places: a deploy would start services on half of it. And
 * whether a killed one has left what hurts no deploy.
 */
export function judgeRestore({ containers }: HostAnswers, { prefix, stack }: Wanted): Finding[] {
  const half = containers.some(({ Labels }) => Labels?.[restoreLabel] === prefix);
  const left = containers.filter(
    ({ Labels, State }) =>
      Labels?.[pointInTimeLabel] === prefix && isLeft({ state: State, begun: begunBy(Labels) }),
  );
  return [
    ...(half ? [halfRestored(stack)] : []),
    ...(left.length > 0
      ? [
          leftOver(
            stack,
            left.flatMap(({ Names }) => Names ?? []),
          ),
        ]
      : []),
  ];
}

const halfRestored = (stack: string): Finding => ({
  level: "refuse",
  mayPass: true,
  what: "a restore of the stack was interrupted while its data changed places",
  why: "services would run on data of two times",
  fix: `./dating backup undo ${stack}, or ./dating backup restore ${stack} once more`,
});

const leftOver = (stack: string, names: string[]): Finding => ({
  level: "warn",
  mayPass: true,
  what: `a killed restore to a point in time has left ${names.map((name) => name.slice(1)).join(", ")}`,
  why: "it takes room, and may have a copy of the database, or what opens the backups",
  fix: `./dating recover ${stack}`,
});
