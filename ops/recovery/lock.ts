import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { isAlive } from "../../host/holder";
import { stateFolder } from "../local-state";

/** Who holds the lock of a stack in a local backend, as Pulumi writes it down. */
export interface LockHolder {
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

/**
 * Reads the locks of a stack whose backend is a folder (`file://…`). Another backend keeps its own, and its
 * `pulumi cancel` knows what runs.
 */
export function lockHolders(stack: string, backend?: string): LockHolder[] {
  const state = stateFolder(backend);
  if (!state) return [];
  const folder = join(state, ".pulumi/locks/organization/dating", stack);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as LockHolder);
}

/** Whether a holder may still be at work. Of another machine nobody knows here, so it may. */
export function mayRun(holder: LockHolder, here = hostname()): boolean {
  return holder.hostname !== here || isAlive(holder.pid);
}
