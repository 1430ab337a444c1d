/*
 * Changes of a release under a steady load: how long each takes, how many requests fail, and how long nobody answers.
 * Against Docker Compose on an equal stack, and against `down` and `up`, which is how the deployment that this project
 * replaces did it. PEER_RUNS (3) is the number of rounds of the two with the changes other than a new bot image.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { application } from "../tests/engine/support/application";
import { requestUntilHealthy } from "../tests/engine/support/http";
import { Load } from "../tests/engine/support/load";
import { broken, changes, type Change } from "./changes";
import { runs, summarize, writeResults, type Summary } from "./measure";
import { Peer } from "./peer";

const run = promisify(execFile);
const sleep = (milliseconds: number) => new Promise((later) => setTimeout(later, milliseconds));
const peerRuns = Math.min(runs, Number(process.env.PEER_RUNS ?? 3));

/** What one change showed; times in seconds. */
interface Rollout {
  sent: number;
  failed: number;
  /** Longest time without a good answer. */
  absence: number;
  /** From the command to the first answer of the new version, where it tells one. */
  untilServing?: number;
  untilDone: number;
}

/** One way to bring a change to its services. */
interface Subject {
  url: string;
  /** Changes what the next `deploy` brings. */
  prepare: (change: Change) => unknown;
  prepareBroken: (fault: boolean) => unknown;
  deploy: () => Promise<unknown>;
  /** Whether it takes part in a round. */
  takesPart: (change: string, round: number) => boolean;
}

async function measure(
  url: string,
  deploy: () => Promise<unknown>,
  served?: { path: string; version: string },
): Promise<Rollout> {
  const load = new Load(url);
  await sleep(1500);
  const begin = Date.now();
  const since = () => (Date.now() - begin) / 1000;
  const watch = async () => {
    if (!served) return undefined;
    while (since() < 120) {
      const answer = await fetch(url + served.path, { signal: AbortSignal.timeout(2000) }).catch(
        () => undefined,
      );
      if (answer?.ok && (await answer.text()).includes(served.version)) return since();
      await sleep(50);
    }
    throw new Error(`version ${served.version} is not served after two minutes`);
  };
  const serving = watch();
  await deploy();
  const untilDone = since();
  const untilServing = await serving;
  await sleep(2500);
  const { sent, failures, longestGap } = await load.stop();
  return { sent, failed: failures.length, absence: longestGap, untilServing, untilDone };
}

async function main(): Promise<void> {
  const { project, url } = await application();
  // So that a release that never gets healthy does not take half of the whole measurement.
  await project.stack.setConfig("dating:healthTimeout", { value: "30" });
  const up = ["up", "--yes", "--skip-preview", "--stack", project.stackName];
  const environment = { ...process.env, ...project.environment };
  project.run("pulumi", up);
  const peer = await Peer.of(project.stackName, project.environment);
  const compose = (...args: string[]) => {
    const { program, args: all } = peer.command(...args);
    return run(program, all);
  };
  peer.up();
  await requestUntilHealthy(url);
  await requestUntilHealthy(peer.url);

  const asPeer = {
    url: peer.url,
    prepare: (change: Change) => change.theirs(peer, project),
    prepareBroken: (fault: boolean) => broken.theirs(peer, fault),
  };
  const subjects: Record<string, Subject> = {
    [ours]: {
      url,
      prepare: (change) => change.ours(project),
      prepareBroken: (fault) => broken.ours(project, fault),
      deploy: () => run("pulumi", up, { cwd: project.directory, env: environment }),
      takesPart: () => true,
    },
    [theirs]: {
      ...asPeer,
      deploy: () => compose("up", "--detach", "--wait"),
      takesPart: (change, round) => change === changes[0]!.name || round <= peerRuns,
    },
    "docker compose down, up -d": {
      ...asPeer,
      deploy: async () => {
        await compose("down");
        await compose("up", "--detach", "--wait");
      },
      takesPart: (_, round) => round <= peerRuns,
    },
  };

  const found: Record<string, Record<string, Rollout[]>> = {};
  const note = (change: string, subject: string, rollout: Rollout) => {
    ((found[change] ??= {})[subject] ??= []).push(rollout);
    process.stderr.write(`bench: ${change}, ${subject}: ${JSON.stringify(rollout)}\n`);
  };
  for (let round = 1; round <= runs; round++) {
    for (const change of changes) {
      for (const [name, subject] of Object.entries(subjects)) {
        if (!subject.takesPart(change.name, round)) continue;
        await subject.prepare(change);
        const served = change.served && { ...change.served, version: change.served.version(project) };
        note(change.name, name, await measure(subject.url, subject.deploy, served));
      }
    }
    for (const [name, subject] of Object.entries(subjects)) {
      if (!subject.takesPart(broken.name, round)) continue;
      await subject.prepareBroken(true);
      const bothReleases = async () => {
        const failed = await subject.deploy().then(
          () => false,
          () => true,
        );
        if (!failed) throw new Error(`${name} took a release that never gets healthy for a good one`);
        await subject.prepareBroken(false);
        await subject.deploy();
      };
      note(broken.name, name, await measure(subject.url, bothReleases));
    }
    process.stderr.write(`bench: round ${round} of ${runs}\n`);
  }
  peer.discard();
  project.discard();
  report(found);
}

const ours = "pulumi up";
const theirs = "docker compose up -d --wait";

function report(found: Record<string, Record<string, Rollout[]>>): void {
  const results = Object.entries(found).flatMap(([change, subjects]) => {
    const compose = summaryOf(subjects[theirs]!, "untilServing");
    return Object.entries(subjects).map(([name, rollouts]) => {
      const untilServing = summaryOf(rollouts, "untilServing");
      return {
        change,
        name,
        runs: rollouts.length,
        requests: total(rollouts, "sent"),
        failedRequests: total(rollouts, "failed"),
        runsWithFailures: rollouts.filter(({ failed }) => failed > 0).length,
        absence: summaryOf(rollouts, "absence"),
        untilServing,
        untilDone: summaryOf(rollouts, "untilDone"),
        untilServingToCompose: untilServing && compose && untilServing.median / compose.median,
      };
    });
  });
  writeResults("rollouts", { peerRuns, results });
  console.table(
    results.map((result) => ({
      change: result.change,
      what: result.name,
      runs: result.runs,
      requests: result.requests,
      failed: result.failedRequests,
      absence: `${result.absence!.median.toFixed(2)} s`,
      serving: result.untilServing ? `${result.untilServing.median.toFixed(2)} s` : "",
      done: `${result.untilDone!.median.toFixed(2)} s`,
    })),
  );
}

function total(rollouts: Rollout[], of: "sent" | "failed"): number {
  return rollouts.reduce((sum, rollout) => sum + rollout[of], 0);
}

function summaryOf(rollouts: Rollout[], of: keyof Rollout): Summary | undefined {
  const values = rollouts.flatMap((rollout) => rollout[of] ?? []);
  return values.length > 0 ? summarize(values) : undefined;
}

void main();
