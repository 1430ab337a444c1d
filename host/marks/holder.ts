import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";

/** The label of a container that is a stack's lock: its value is the first part of the stack's names on the Docker host. */
export const lockLabel = "dating.lock";

/** The environment variable by which a command tells those that it calls that the lock is theirs, too. */
export const lockVariable = "DATING_LOCK";

/** Who holds the lock of a stack, as the lock's labels say. */
export interface Holder {
  /** As in `ana@laptop`. */
  who: string;
  /** When it was taken: ISO 8601. */
  since: string;
  /** What is done: the command, as it was typed. */
  doing: string;
  /** Is nobody else's. */
  token: string;
  /** As {@link machine} says it where the command runs. */
  machine: string;
  /** The process that holds it, on its own machine. */
  pid: number;
  /** When that process began, as its kernel counts; empty where that is not told. Another process may get its id. */
  started: string;
}

const parts = ["who", "since", "doing", "token", "machine", "pid", "started"] as const;

/** The labels that say who holds a lock, or has begun what another label is of. */
export function labelsOf(holder: Holder, label = lockLabel): string[] {
  return parts.map((name) => `${label}.${name}=${holder[name]}`);
}

/** Reads who holds a lock, or has begun what another label is of. */
export function holderIn(labels: Readonly<Record<string, string>>, label = lockLabel): Holder {
  const told = Object.fromEntries(parts.map((name) => [name, labels[`${label}.${name}`] ?? ""]));
  return { ...(told as Record<(typeof parts)[number], string>), pid: Number(told.pid) };
}

/** This user on this machine. */
export function whoAmI(): string {
  return `${userInfo().username}@${hostname()}`;
}

/** This process, since now. */
export function thisProcess(): Omit<Holder, "doing" | "token"> {
  const { pid } = process;
  return { who: whoAmI(), since: new Date().toISOString(), machine: machine(), pid, started: startOf(pid) };
}

/** When a process began, in ticks since the machine did; empty where there is no such process, or no /proc. */
export function startOf(pid: number): string {
  try {
    // The name of the program comes before, in brackets, and may have any character in it.
    return /^.*\) (?:\S+ ){19}(\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

/** Whether a process of this machine runs, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Without permission to signal it, the process is there.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Where process ids mean the same as here: the machine since it was started, and the process namespace, as a container has its
 * own. Names of machines are not enough: those of pipelines and of virtual machines are often alike. Empty where there is no
 * /proc.
 */
export function machine(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/**
 * Whether a holder is known to be gone, with all that it has begun: a deploy outlives a `./dating` that was killed. Of another
 * machine, or another user, nobody knows here, so it is not.
 */
export function isGone(holder: Holder, me = whoAmI(), here = machine()): boolean {
  return isKnown(holder, me, here) && hasEnded(holder) && workersOf(holder.token).length === 0;
}

/** The processes that are at work without the holder that has begun them, as far as that is known here. */
export function orphansOf(holder: Holder, me = whoAmI(), here = machine()): number[] {
  return isKnown(holder, me, here) && hasEnded(holder) ? workersOf(holder.token) : [];
}

const isKnown = ({ who, machine: there }: Holder, me: string, here: string) =>
  who === me && here !== "" && there === here;

function hasEnded({ pid, started }: Holder): boolean {
  if (!isAlive(pid)) return true;
  const now = startOf(pid);
  return started !== "" && now !== "" && now !== started;
}

/** The processes of this machine that know of a lock that it is theirs. An ssh that only keeps a connection open does nothing. */
function workersOf(token: string): number[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
      // It has ended meanwhile, or is another user's.
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(pid, "environ").split("\0").includes(`${lockVariable}=${token}`))
    .filter((pid) => !read(pid, "cmdline").includes("[mux]"))
    .map(Number);
}

/** Who, since when and what, in one sentence without its full stop. */
export function holderInWords({ who, since, doing, pid }: Holder): string {
  return `${who} (process ${pid}) changes it since ${since}: ${doing}`;
}
