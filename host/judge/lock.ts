import type { HostAnswers } from "../asking/answers";
import type { Finding } from "../finding";
import { holderIn, holderInWords, isGone, lockLabel, lockVariable } from "../marks/holder";
import type { Wanted } from "../wanted";

/**
 * Whether somebody else changes the stack just now, as `./dating` keeps note of it on the Docker host.
 *
 * @param token the lock that this deploy is inside of, where `./dating` began it
 */
export function judgeLock(
  { containers }: HostAnswers,
  { prefix, stack }: Wanted,
  token = process.env[lockVariable],
): Finding[] {
  const labels = containers.find(({ Labels }) => Labels?.[lockLabel] === prefix)?.Labels;
  const holder = labels && holderIn(labels);
  if (!holder || holder.token === token || isGone(holder)) return [];
  return [
    {
      level: "refuse",
      mayPass: true,
      what: `the stack is locked: ${holderInWords(holder)}`,
      why: "two commands that change one stack at the same time undo each other's work",
      fix: `wait for it; where it is known to be dead: ./dating recover ${stack}`,
    },
  ];
}
