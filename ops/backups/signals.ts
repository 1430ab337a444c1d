import { constants } from "node:os";

import { OperatorError } from "../stack/errors";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Signal = (typeof signals)[number];

/** A signal has ended what was going on, and what it had begun was put in order. */
export class Interrupted extends OperatorError {
  override readonly exitCode: number;

  /** @param state how things are now: a sentence */
  constructor(signal: NodeJS.Signals, state: string) {
    super(`interrupted by ${signal}. ${state}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Does something that a signal ends: what it has begun is aborted, it puts things in order by itself, and only then the
 * error goes on. Without this the process would end at once, in the middle of it.
 *
 * @param state how things are when it has been ended: a sentence
 * @throws Interrupted where a signal came
 */
export function interruptible<T>(action: (aborted: AbortSignal) => Promise<T>, state: string): Promise<T> {
  const controller = new AbortController();
  return listening(
    () => controller.abort(),
    async (came) => {
      try {
        return await action(controller.signal);
      } catch (error) {
        const signal = came();
        throw signal ? new Interrupted(signal, state) : error;
      }
    },
  );
}

/**
 * Does something that must come to its end: signals wait for that.
 *
 * @param action gets what tells which signal has come meanwhile, so that it can do less of what has not begun yet
 */
export function uninterrupted<T>(action: (came: () => Signal | undefined) => Promise<T>): Promise<T> {
  return listening((signal) => console.error(`  ${signal}: waiting for the end of what has begun`), action);
}

async function listening<T>(
  onSignal: (signal: Signal) => void,
  action: (came: () => Signal | undefined) => Promise<T>,
): Promise<T> {
  let first: Signal | undefined;
  const listener = (signal: Signal) => {
    first ??= signal;
    onSignal(signal);
  };
  signals.forEach((signal) => process.on(signal, listener));
  try {
    return await action(() => first);
  } finally {
    signals.forEach((signal) => process.off(signal, listener));
  }
}
