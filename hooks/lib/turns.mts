import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * How many sessions all hooks together may have open over SSH. sshd allows 10 on one connection by default (MaxSessions),
 * which people share with ControlMaster, and lets as many log in at once where they do not (MaxStartups). A busy sshd sees
 * the end of a session late, so half of them are left for those that have ended and still count. The Docker provider has
 * connections of its own (hooks/ssh/config). With 5, a migration (3) leaves room for a look into a container (2).
 */
export const sessions = 5;

/** Milliseconds: longer than a tick of a file system's clock, after which two who came in the same one see each other. */
const tick = 20;

/** How many connections to the engine, each of which is a session, a call of the Docker CLI has open at once. Measured. */
export function sessionsOf(args: string[]): number {
  const [command] = args;
  if (command === "run" || (command === "start" && args.includes("--attach"))) return 3;
  return command === "exec" ? 2 : 1;
}

/**
 * Waits for the turn of a call of the Docker CLI. All that wait on this machine for the same host are served in the order in
 * which they came, so that one that needs more sessions is not passed by for ever. Only SSH has few.
 *
 * @param args of the call
 * @returns what is to be called when it has ended
 */
export async function turn(args: string[], host = process.env.DOCKER_HOST): Promise<() => void> {
  if (!host?.startsWith("ssh://")) return () => {};
  const name = createHash("sha256").update(host).digest("hex").slice(0, 16);
  const queue = join(tmpdir(), `dating-turns-${userInfo().uid}-${name}`);
  mkdirSync(queue, { recursive: true, mode: 0o700 });
  const needed = sessionsOf(args);
  const ticket = [process.pid, randomBytes(4).toString("hex"), needed].join("-");
  const file = join(queue, ticket);
  writeFileSync(file, "", { flag: "wx" });
  const since = statSync(file, { bigint: true }).mtimeNs;
  await sleep(tick);
  while (openBefore(queue, { name: ticket, since }) + needed > sessions) await sleep(30 + Math.random() * 70);
  return () => rmSync(file, { force: true });
}

interface Ticket {
  name: string;
  /** Nanoseconds. */
  since: bigint;
}

/** The sessions of those who came before. The ticket of a hook that was killed is taken away. */
function openBefore(queue: string, own: Ticket): number {
  let open = 0;
  for (const name of readdirSync(queue)) {
    const [pid, , count] = name.split("-").map(Number);
    const file = join(queue, name);
    if (!isAlive(pid!)) rmSync(file, { force: true });
    else {
      const since = sinceWhen(file);
      if (since !== undefined && isBefore({ name, since }, own)) open += count!;
    }
  }
  return open;
}

function isBefore(one: Ticket, other: Ticket): boolean {
  return one.since === other.since ? one.name < other.name : one.since < other.since;
}

/** Of one that was given back this moment: undefined. */
function sinceWhen(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

/** Whether a process of this machine runs, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
