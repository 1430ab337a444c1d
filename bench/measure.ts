import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

/** One way to do what is measured. */
export interface Subject {
  /** Does it once. What it returns is kept beside the seconds that it took, or gives them itself. */
  run: () => unknown;
  /** What has to be as it was before the next run; not measured. */
  reset?: () => unknown;
}

/** Numbers of seconds, the smallest, the middle and the largest. */
export interface Summary {
  minimum: number;
  median: number;
  maximum: number;
}

export function summarize(values: number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { minimum: sorted[0]!, median, maximum: sorted.at(-1)! };
}

/**
 * Measures the subjects in turns, so that a machine whose speed drifts slows all of them.
 *
 * @returns the seconds of each subject; the first round fills caches and is not counted
 */
export async function takeTurns(
  subjects: Record<string, Subject>,
  runs: number,
): Promise<Record<string, number[]>> {
  const seconds: Record<string, number[]> = {};
  for (let run = 0; run <= runs; run++) {
    for (const [name, subject] of Object.entries(subjects)) {
      const begin = process.hrtime.bigint();
      await subject.run();
      const taken = Number(process.hrtime.bigint() - begin) / 1e9;
      if (run > 0) (seconds[name] ??= []).push(taken);
      await subject.reset?.();
    }
    process.stderr.write(`bench: round ${run} of ${runs}\n`);
  }
  return seconds;
}

/** How often each subject is measured, from the variable RUNS. @default 10 */
export const runs = Number(process.env.RUNS ?? 10);

/** Writes `results/NAME.json`, with what it was measured on. */
export function writeResults(name: string, content: object): void {
  const machine = { processors: cpus().length, node: process.version };
  mkdirSync(join(__dirname, "results"), { recursive: true });
  const text = JSON.stringify({ machine, runs, unit: "seconds", ...content }, rounded, 2);
  writeFileSync(join(__dirname, "results", `${name}.json`), `${text}\n`);
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
}
