import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants } from "node:os";

import { projectName } from "../../config/project";
import {
  holderIn,
  holderInWords,
  isGone,
  labelsOf,
  lockLabel,
  lockVariable,
  orphansOf,
  thisProcess,
  type Holder,
} from "../../host/marks/holder";
import { OperatorError, Refused } from "./errors";

/** What a lock is of, and where. */
export interface LockPlace {
  stack: string;
  /** In which the Docker CLI talks to the stack's Docker host. */
  environment: NodeJS.ProcessEnv;
}

export interface LockOptions {
  /**
   * Decides about a holder that may still be at work: whether its lock is taken from it.
   * @default it is not: the command is refused
   */
  takeOver?: (holder: Holder) => Promise<boolean>;
}

/** An image with nothing in it, which every engine can make. */
const image = "dating-lock:1";
/** An empty tar archive, as `tar --create --files-from /dev/null` writes it. */
const emptyArchive = Buffer.alloc(10_240);
/** How often it is tried again where the lock was let go between two looks. */
const tries = 5;

/**
 * Does something while nobody else changes the stack. The lock is a container on the stack's Docker host, the one place that
 * all who change it have in common: a name is given to one container only. It is never started. It is removed at the end, on
 * an error and on a signal, too. `docker container prune` takes it for a leftover, as it does every container that does not
 * run: then the end says that others may have been at work.
 *
 * A command that this one calls is inside the same lock: it finds the lock's token in its environment.
 *
 * @param doing what is done, for whoever is refused meanwhile
 * @throws Refused, with who holds it, since when and doing what
 * @throws OperatorError when Docker cannot be asked
 */
export async function withLock<T>(
  place: LockPlace,
  doing: string,
  action: () => Promise<T> | T,
  options: LockOptions = {},
): Promise<T> {
  const outer = process.env[lockVariable];
  if (outer && find(place)?.holder.token === outer) return action();
  const token = randomBytes(16).toString("hex");
  const id = await take(place, { ...thisProcess(), doing, token }, options);
  process.env[lockVariable] = token;
  const release = () => {
    if (outer === undefined) delete process.env[lockVariable];
    else process.env[lockVariable] = outer;
    letGo(place, id);
  };
  const forget = atTheEnd(release);
  try {
    return await action();
  } finally {
    forget();
    release();
  }
}

/** @returns the id of the container that is the lock, which no other lock ever has */
async function take(place: LockPlace, holder: Holder, { takeOver }: LockOptions): Promise<string> {
  for (let time = 0; time < tries; time++) {
    const id = create(place, holder);
    if (id !== undefined) return id;
    const held = find(place);
    if (held === undefined) continue;
    if (isGone(held.holder))
      console.error(
        `The lock was left by a command that is gone, and is taken over: ${holderInWords(held.holder)}`,
      );
    else if (!(await takeOver?.(held.holder))) {
      const orphans = orphansOf(held.holder);
      throw new Refused(
        [
          `Stack ${place.stack} is locked: ${holderInWords(held.holder)}. Nothing was changed.`,
          ...(orphans.length > 0
            ? [`That command is gone, and what it has begun is still at work: process ${orphans.join(", ")}.`]
            : []),
          `Wait for it. Where it is known to be dead: ./dating recover ${place.stack}`,
        ].join("\n"),
      );
    }
    remove(place, held.id);
  }
  throw new OperatorError(`the lock of stack ${place.stack} changes hands all the time; try again`);
}

const nameOf = ({ stack }: LockPlace) => `${projectName}-${stack}-lock`;

/** @returns undefined where somebody has the lock */
function create(place: LockPlace, holder: Holder): string | undefined {
  const labels = [`${lockLabel}=${projectName}-${place.stack}`, ...labelsOf(holder)];
  const args = [
    ...["create", "--name", nameOf(place), "--pull", "never", "--network", "none"],
    ...labels.flatMap((label) => ["--label", label]),
    ...[image, "lock"],
  ];
  let answer = docker(place, args);
  if (answer.status !== 0 && /no such image/i.test(answer.stderr)) {
    expectDone(
      place,
      docker(place, ["import", "--change", `LABEL ${lockLabel}=image`, "-", image], emptyArchive),
    );
    answer = docker(place, args);
  }
  if (answer.status !== 0 && /already in use/i.test(answer.stderr)) return undefined;
  return expectDone(place, answer);
}

/** Who has the lock; undefined where nobody has it. */
function find(place: LockPlace): { id: string; holder: Holder } | undefined {
  const answer = docker(place, ["container", "inspect", nameOf(place)]);
  if (answer.status !== 0 && /no such (container|object)/i.test(answer.stderr)) return undefined;
  const [found] = JSON.parse(expectDone(place, answer)) as {
    Id: string;
    Config: { Labels: Record<string, string> | null };
  }[];
  return { id: found!.Id, holder: holderIn(found!.Config.Labels ?? {}) };
}

/** By its id: whoever has the lock by now keeps it. @returns whether it was still there */
function remove(place: LockPlace, id: string): boolean {
  const answer = docker(place, ["container", "rm", id]);
  if (answer.status !== 0 && /no such container/i.test(answer.stderr)) return false;
  expectDone(place, answer);
  return true;
}

function letGo(place: LockPlace, id: string): void {
  try {
    if (remove(place, id)) return;
    const other = find(place);
    const since = other
      ? `was taken over meanwhile: ${holderInWords(other.holder)}`
      : "was removed meanwhile, as `docker container prune` does";
    console.error(
      `The lock of stack ${place.stack} ${since}. What others did at the same time may be mixed with this: ` +
        `./dating status ${place.stack}, ./dating drift ${place.stack}`,
    );
  } catch (error) {
    console.error(`The lock of stack ${place.stack} could not be removed: ${(error as Error).message}`);
  }
}

interface Answer {
  status: number | null;
  stdout: string;
  stderr: string;
}

function docker({ environment }: LockPlace, args: string[], input?: Buffer): Answer {
  const { status, stdout, stderr, error } = spawnSync("docker", args, {
    env: environment,
    input,
    stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
  });
  return { status, stdout: String(stdout ?? ""), stderr: error?.message ?? String(stderr ?? "") };
}

/** @throws OperatorError with what Docker said: who cannot be asked has not said that the lock is free */
function expectDone({ stack, environment }: LockPlace, { status, stdout, stderr }: Answer): string {
  if (status === 0) return stdout.trim();
  throw new OperatorError(
    `Docker cannot be asked for the lock of stack ${stack}${environment.DOCKER_HOST ? ` on ${environment.DOCKER_HOST}` : ""}: ${stderr.trim()}`,
  );
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does something when this process ends before it is done: by itself or by a signal. Whoever else listens to a signal has
 * something to put in order first, and ends the process then.
 *
 * @returns what takes that back
 */
function atTheEnd(action: () => void): () => void {
  const onSignal = (signal: (typeof signals)[number]) => {
    if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
  };
  signals.forEach((signal) => process.on(signal, onSignal));
  process.on("exit", action);
  return () => {
    signals.forEach((signal) => process.off(signal, onSignal));
    process.off("exit", action);
  };
}
