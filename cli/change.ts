import { progress } from "../ops/quiet";
import { withLock, type LockOptions } from "../ops/stack/lock";
import type { Session } from "../ops/stack/session";
import { dim } from "./style";

/**
 * Does what changes a stack: says first which stack that is, where, in which state and as whom; keeps everybody else from
 * changing it meanwhile; and says at the end how long it took.
 *
 * @throws as the action does, and Refused where somebody else changes the stack
 */
export async function changing<T>(
  session: Session,
  action: () => Promise<T> | T,
  options: LockOptions = {},
): Promise<T> {
  progress(dim(session.line()));
  const begin = Date.now();
  const { stack, environment } = session;
  const inside = () => {
    // Read before the lock was ours, to find its Docker host.
    session.forget();
    return action();
  };
  const result = await withLock({ stack, environment }, commandLine(), inside, options);
  progress(dim(`Finished after ${((Date.now() - begin) / 1000).toFixed(1)} s.`));
  return result;
}

/** The command as it was typed. Secrets never stand on a command line, so it can be shown to others. */
function commandLine(): string {
  return ["./dating", ...process.argv.slice(2)].join(" ");
}
