import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { projectName } from "../../config/project";
import { isAlive } from "../../host/marks/holder";
import { stateFolder } from "../stack/local-state";
import { Refused } from "../stack/errors";

/** Who holds Pulumi's own lock of a stack, as Pulumi writes it down. */
export interface LockHolder {
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

/**
 * Reads the locks of a stack whose backend is a folder (`file://…`), before anything is asked of the engine. Of any other backend
 * the engine tells: {@link holdersIn}.
 */
export function lockHolders(stack: string, backend?: string): LockHolder[] {
  const state = stateFolder(backend);
  if (!state) return [];
  const folder = join(state, `.pulumi/locks/organization/${projectName}`, stack);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as LockHolder);
}

/**
 * Who holds the lock, as the engine says when it is refused it.
 *
 * @param said what it printed as its error
 * @returns undefined where it failed for another reason; nobody where the backend has a lock and does not say whose, as
 * Pulumi Cloud
 */
export function holdersIn(said: string): LockHolder[] | undefined {
  if (/the stack is currently locked by/.test(said))
    return [...said.matchAll(/created by (.+)@(\S+) \(pid (\d+)\) at (\S+)/g)].map(
      ([, username = "", host = "", pid, timestamp = ""]) => ({
        ...{ username, hostname: host, pid: Number(pid), timestamp },
      }),
    );
  return /\[409\] Conflict|another update is currently in progress/i.test(said) ? [] : undefined;
}

/** Whether a holder may still be at work. Of another machine nobody knows here, so it may. */
export function mayRun(holder: LockHolder, here = hostname()): boolean {
  return holder.hostname !== here || isAlive(holder.pid);
}

/**
 * @param force where that is known to be wrong
 * @throws Refused while one of the holders may be at work
 */
export function refuseRunning(stack: string, holders: readonly LockHolder[], force: boolean): void {
  const running = holders.filter((holder) => mayRun(holder));
  if (running.length === 0 || force) return;
  throw new Refused(
    [
      ...running.map(
        ({ pid, username, hostname, timestamp }) =>
          `Stack ${stack} is being deployed by ${username}@${hostname} (pid ${pid}) since ${timestamp}.`,
      ),
      waitForIt(stack),
    ].join("\n"),
  );
}

/** What to do about a lock whose holder may be at work. */
export const waitForIt = (stack: string) =>
  `Wait for it. If it is known to be dead: ./dating recover ${stack} --force`;
