import { readFileSync } from "node:fs";
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
  /** The process that holds it, on its own machine. */
  pid: number;
  /** When that process began, as its kernel counts; empty where that is not told. Another process may get its id. */
  started: string;
}

const parts = ["who", "since", "doing", "token", "pid", "started"] as const;

/** The labels that say who holds a lock. */
export function labelsOf(holder: Holder): string[] {
  return parts.map((name) => `${lockLabel}.${name}=${holder[name]}`);
}

/** Reads who holds a lock. */
export function holderIn(labels: Readonly<Record<string, string>>): Holder {
  const [who, since, doing, token, pid, started] = parts.map((name) => labels[`${lockLabel}.${name}`] ?? "");
  return { who: who!, since: since!, doing: doing!, token: token!, pid: Number(pid), started: started! };
}

/** This user on this machine. */
export function whoAmI(): string {
  return `${userInfo().username}@${hostname()}`;
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

/** Whether a holder is known to be gone. Of another machine, or another user, nobody knows here, so it is not. */
export function isGone({ who, pid, started }: Holder, me = whoAmI()): boolean {
  if (who !== me) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const now = startOf(pid);
  return started !== "" && now !== "" && now !== started;
}

/** Who, since when and what, in one sentence without its full stop. */
export function inWords({ who, since, doing, pid }: Holder): string {
  return `${who} (process ${pid}) changes it since ${since}: ${doing}`;
}
