/*
 * How long a deploy takes that has nothing to do, against the engine's floor: an empty TypeScript program, run by the
 * same CLI with the same language host. The two take turns, so that a machine whose speed drifts slows both.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const runs = Number(process.env.RUNS ?? 10);
const root = join(__dirname, "..");

function pulumi(directory: string, environment: NodeJS.ProcessEnv, ...args: string[]): number {
  const begin = process.hrtime.bigint();
  execFileSync("pulumi", args, { cwd: directory, env: { ...process.env, ...environment }, stdio: "ignore" });
  return Number(process.hrtime.bigint() - begin) / 1e9;
}

/** A program that makes nothing, loaded as ours is. */
function emptyProject(): { directory: string; environment: NodeJS.ProcessEnv } {
  const directory = mkdtempSync(join(tmpdir(), "dating-bench-"));
  mkdirSync(join(directory, "state"));
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  const options = {
    compilerOptions: { module: "nodenext", target: "es2022", noCheck: true },
    "ts-node": { swc: true },
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(options));
  writeFileSync(join(directory, "package.json"), '{ "name": "empty", "main": "index.ts" }');
  writeFileSync(join(directory, "Pulumi.yaml"), "name: empty\nruntime: nodejs\n");
  writeFileSync(join(directory, "index.ts"), "export {};\n");
  const environment = { PULUMI_BACKEND_URL: `file://${directory}/state`, PULUMI_CONFIG_PASSPHRASE: "bench" };
  pulumi(directory, environment, "stack", "init", "empty");
  return { directory, environment };
}

function summary(seconds: number[]) {
  const sorted = [...seconds].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { minimum: sorted[0]!, median, maximum: sorted.at(-1)! };
}

const empty = emptyProject();
const subjects = {
  "preview of an empty program": () =>
    pulumi(empty.directory, empty.environment, "preview", "--stack", "empty"),
  "preview of the dev stack": () => pulumi(root, {}, "preview", "--stack", "dev", "--expect-no-changes"),
  "preview --refresh of the dev stack": () =>
    pulumi(root, {}, "preview", "--stack", "dev", "--expect-no-changes", "--refresh"),
  "up of the dev stack": () =>
    pulumi(root, {}, "up", "--stack", "dev", "--yes", "--skip-preview", "--expect-no-changes"),
};
const seconds: Record<string, number[]> = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
for (let run = 0; run <= runs; run++) {
  for (const [name, measure] of Object.entries(subjects)) {
    const taken = measure();
    // The first of each fills the caches and is not counted.
    if (run > 0) seconds[name]!.push(taken);
  }
}
rmSync(empty.directory, { recursive: true });

const floor = summary(seconds["preview of an empty program"]!).median;
const results = Object.entries(seconds).map(([name, taken]) => ({
  name,
  ...summary(taken),
  ratioToEmptyProgram: summary(taken).median / floor,
}));
const machine = { processors: cpus().length, node: process.version };
mkdirSync(join(__dirname, "results"), { recursive: true });
writeFileSync(
  join(__dirname, "results/noop.json"),
  `${JSON.stringify({ machine, runs, unit: "seconds", results }, null, 2)}\n`,
);
console.table(
  results.map((result) => ({
    what: result.name,
    median: `${result.median.toFixed(2)} s`,
    "to an empty program": result.ratioToEmptyProgram.toFixed(2),
  })),
);
