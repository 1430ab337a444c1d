/*
 * A new bot image under a steady load: how long from the command to the first answer of the new version and to the end
 * of the command, how many requests fail, and how long nobody answers. Against Docker Compose on an equal stack, and
 * against `down` and `up`, which is how the deployment that this project replaces did it.
 */
import { execFile } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { application } from "../tests/engine/support/application";
import { requestUntil } from "../tests/engine/support/http";
import { Load } from "../tests/engine/support/load";
import type { Project } from "../tests/engine/support/project";
import { runs, summarize, writeResults } from "./measure";
import { Peer } from "./peer";

const run = promisify(execFile);
const sleep = (milliseconds: number) => new Promise((later) => setTimeout(later, milliseconds));

/** What one rollout showed; times in seconds. */
interface Rollout {
  sent: number;
  failed: number;
  /** Longest time without a good answer. */
  absence: number;
  untilServing: number;
  untilDone: number;
}

/** Makes another release of the bot and returns its image: `repository:tag`. */
function newImage(project: Project): string {
  appendFileSync(join(project.directory, "images/bot/Dockerfile"), "\n# another release\n");
  project.run("ops/images", ["build", "bot"]);
  return project.run("ops/images", ["list"]).match(/\S+\/bot:\S+/)![0];
}

async function measure(url: string, version: string, change: () => Promise<unknown>): Promise<Rollout> {
  const load = new Load(url);
  await sleep(2000);
  const begin = Date.now();
  const since = () => (Date.now() - begin) / 1000;
  let untilServing = NaN;
  const watch = (async () => {
    while (since() < 120) {
      const answer = await fetch(`${url}/version`, { signal: AbortSignal.timeout(2000) }).catch(
        () => undefined,
      );
      if (answer?.ok && (await answer.text()).includes(version)) return (untilServing = since());
      await sleep(50);
    }
    throw new Error(`version ${version} is not served after two minutes`);
  })();
  await change();
  const untilDone = since();
  await watch;
  await sleep(3000);
  const { sent, failures, longestGap } = await load.stop();
  return { sent, failed: failures.length, absence: longestGap, untilServing, untilDone };
}

async function main(): Promise<void> {
  const { project, url } = await application();
  const up = ["up", "--yes", "--skip-preview", "--stack", project.stackName];
  const environment = { ...process.env, ...project.environment };
  project.run("pulumi", up);
  const peer = await Peer.of(project.stackName, project.environment);
  const compose = (...args: string[]) => {
    const { program, args: all } = peer.command(...args);
    return run(program, all);
  };
  peer.up();
  await requestUntil(`${url}/health`, 200);
  await requestUntil(`${peer.url}/health`, 200);

  const subjects = {
    "pulumi up": { url, change: () => run("pulumi", up, { cwd: project.directory, env: environment }) },
    "docker compose up -d --wait": { url: peer.url, change: () => compose("up", "--detach", "--wait") },
    "docker compose down, up -d": {
      url: peer.url,
      change: async () => {
        await compose("down");
        await compose("up", "--detach", "--wait");
      },
    },
  };
  const found: Record<string, Rollout[]> = {};
  for (let round = 0; round <= runs; round++) {
    for (const [name, subject] of Object.entries(subjects)) {
      const image = newImage(project);
      peer.setImage("bot", image);
      const rollout = await measure(subject.url, image.split(":").at(-1)!, subject.change);
      // The first of each fills caches and is not counted.
      if (round > 0) (found[name] ??= []).push(rollout);
    }
    process.stderr.write(`bench: round ${round} of ${runs}\n`);
  }
  peer.discard();
  project.discard();

  const total = (rollouts: Rollout[], of: "sent" | "failed") =>
    rollouts.reduce((sum, rollout) => sum + rollout[of], 0);
  const middle = (rollouts: Rollout[], of: keyof Rollout) =>
    summarize(rollouts.map((rollout) => rollout[of]));
  const theirs = found["docker compose up -d --wait"]!;
  const results = Object.entries(found).map(([name, rollouts]) => ({
    name,
    requests: total(rollouts, "sent"),
    failedRequests: total(rollouts, "failed"),
    rolloutsWithFailures: rollouts.filter(({ failed }) => failed > 0).length,
    absence: middle(rollouts, "absence"),
    untilServing: middle(rollouts, "untilServing"),
    untilDone: middle(rollouts, "untilDone"),
    untilServingToCompose: middle(rollouts, "untilServing").median / middle(theirs, "untilServing").median,
  }));
  writeResults("rollouts", { results });
  console.table(
    results.map((result) => ({
      what: result.name,
      requests: result.requests,
      failed: result.failedRequests,
      absence: `${result.absence.median.toFixed(2)} s`,
      serving: `${result.untilServing.median.toFixed(2)} s`,
      done: `${result.untilDone.median.toFixed(2)} s`,
      "serving, to Compose": result.untilServingToCompose.toFixed(2),
    })),
  );
}

void main();
