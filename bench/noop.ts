/*
 * How long a deploy takes that has nothing to do: against an empty TypeScript program run by the same CLI with the same
 * language host, against the engine's floor, which is a program that registers the same resources with literal inputs, and
 * against Docker Compose on an equal stack. `make up` also runs the policy pack, whose floor is an empty one. Also how much
 * memory the programs take.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bareProgram } from "./bare-program";
import { leastProject } from "./least-project";
import { runs, summarize, takeTurns, writeResults } from "./measure";
import { Peer } from "./peer";

const root = join(__dirname, "..");

function pulumi(directory: string, environment: NodeJS.ProcessEnv, ...args: string[]): void {
  execFileSync("pulumi", args, { cwd: directory, env: { ...process.env, ...environment }, stdio: "ignore" });
}

/** A program that makes nothing. */
function emptyProject(): { directory: string; environment: NodeJS.ProcessEnv } {
  const directory = leastProject("empty", "export {};\n");
  mkdirSync(join(directory, "state"));
  const environment = { PULUMI_BACKEND_URL: `file://${directory}/state`, PULUMI_CONFIG_PASSPHRASE: "bench" };
  pulumi(directory, environment, "stack", "init", "empty");
  return { directory, environment };
}

/** A policy pack without a policy, below a folder with the packages. */
function emptyPolicyPack(parent: string): string {
  const directory = join(parent, "policy");
  mkdirSync(directory);
  writeFileSync(join(directory, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  writeFileSync(
    join(directory, "package.json"),
    '{ "name": "empty", "version": "1.0.0", "main": "main.js" }',
  );
  const pack = 'new (require("@pulumi/policy").PolicyPack)("empty", { policies: [] });\n';
  writeFileSync(join(directory, "main.js"), pack);
  return directory;
}

/** The most memory that the program's process had in a preview, in MiB. */
function peakMemory(directory: string, environment: NodeJS.ProcessEnv, stack: string): number {
  const file = join(mkdtempSync(join(tmpdir(), "dating-peak-")), "peaks");
  const required = `--require=${join(__dirname, "peak-memory.cjs")}`;
  for (let run = 0; run < runs; run++)
    pulumi(
      directory,
      { ...environment, NODE_OPTIONS: required, PEAK_FILE: file },
      "preview",
      "--stack",
      stack,
    );
  const peaks = readFileSync(file, "utf8").trim().split("\n");
  rmSync(join(file, ".."), { recursive: true });
  return summarize(peaks.map((peak) => Number(peak) / 1024)).median;
}

/** The subjects that the others are compared with. */
const empty = "pulumi preview of an empty program";
const floor = "pulumi preview of a bare program with the same resources";
const compose = "docker compose up -d --wait, of an equal stack";

async function main(): Promise<void> {
  const nothing = emptyProject();
  const bare = bareProgram({ stackName: "dev", directory: root, environment: {} });
  const pack = emptyPolicyPack(nothing.directory);
  const peer = await Peer.of("dev");
  const unchanged = ["--stack", "dev", "--expect-no-changes"];
  peer.up();
  const seconds = await takeTurns(
    {
      [empty]: { run: () => pulumi(nothing.directory, nothing.environment, "preview", "--stack", "empty") },
      [floor]: { run: () => pulumi(bare, {}, "preview", ...unchanged) },
      "pulumi preview of the dev stack": { run: () => pulumi(root, {}, "preview", ...unchanged) },
      "pulumi preview --refresh of the dev stack": {
        run: () => pulumi(root, {}, "preview", ...unchanged, "--refresh"),
      },
      "pulumi up of the dev stack": {
        run: () => pulumi(root, {}, "up", ...unchanged, "--yes", "--skip-preview"),
      },
      "pulumi up of the dev stack, with an empty policy pack": {
        run: () => pulumi(root, {}, "up", ...unchanged, "--yes", "--skip-preview", "--policy-pack", pack),
      },
      "make up of the dev stack": {
        run: () => execFileSync("make", ["up"], { cwd: root, stdio: "ignore" }),
      },
      [compose]: { run: () => peer.up() },
    },
    runs,
  );
  peer.discard();
  const memory = {
    emptyProgram: peakMemory(nothing.directory, nothing.environment, "empty"),
    bareProgram: peakMemory(bare, {}, "dev"),
    program: peakMemory(root, {}, "dev"),
  };
  for (const directory of [nothing.directory, bare]) rmSync(directory, { recursive: true });

  const median = (name: string) => summarize(seconds[name]!).median;
  const results = Object.entries(seconds).map(([name, taken]) => ({
    name,
    ...summarize(taken),
    ratioToEmptyProgram: median(name) / median(empty),
    ratioToBareProgram: median(name) / median(floor),
    ratioToCompose: median(name) / median(compose),
  }));
  writeResults("noop", { results, mebibytes: memory });
  console.table(
    results.map((result) => ({
      what: result.name,
      median: `${result.median.toFixed(2)} s`,
      "to an empty program": result.ratioToEmptyProgram.toFixed(2),
      "to a bare program": result.ratioToBareProgram.toFixed(2),
      "to Compose": result.ratioToCompose.toFixed(2),
    })),
  );
  console.table(memory);
}

void main();
