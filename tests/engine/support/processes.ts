import { readdirSync, readFileSync } from "node:fs";

/** The parent of a process; undefined where it has ended meanwhile. */
function parentOf(pid: number): number | undefined {
  try {
    // The name, in parentheses, may have any character in it; after it stand the state and the parent.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return Number(parent);
  } catch {
    return undefined;
  }
}

/** A process and all that descend from it. The engine's plugins are in process groups of their own. */
function tree(root: number): number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  const pairs = pids.map((pid) => [pid, parentOf(pid)] as const);
  const children = (parent: number): number[] =>
    pairs.filter(([, of]) => of === parent).flatMap(([pid]) => [pid, ...children(pid)]);
  return [root, ...children(root)];
}

/** Kills a process and all that descend from it, without asking; one that is gone already is fine. */
export function killTree(root: number): void {
  for (const pid of tree(root)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
