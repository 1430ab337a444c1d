/*
 * Replacements of the two services of which only one may run: how long nobody answers, where the new container is good and
 * where it does not come up and the one before is started again. A client asks the edge for `/health`, which the database
 * has a part in, on a new connection every 20 ms. RUNS (default 10) is the number of each.
 */
import { execFileSync } from "node:child_process";

import { application } from "../tests/engine/support/application";
import { containerOf } from "../tests/engine/support/docker";
import { requestUntilHealthy } from "../tests/engine/support/http";
import type { Project } from "../tests/engine/support/project";
import { runs, summarize, writeResults } from "./measure";

const sleep = (milliseconds: number) => new Promise((later) => setTimeout(later, milliseconds));

/** Asks until it is told to end. */
class Client {
  private longest = 0;
  private running = true;
  private readonly asking: Promise<void>;

  constructor(url: string) {
    this.asking = this.ask(`${url}/health`);
  }

  /** @returns the longest time between two good answers, in seconds */
  async stop(): Promise<number> {
    await sleep(2000);
    this.running = false;
    await this.asking;
    return this.longest;
  }

  private async ask(url: string): Promise<void> {
    let good = performance.now();
    while (this.running) {
      const answer = await fetch(url, {
        headers: { connection: "close" },
        signal: AbortSignal.timeout(1000),
      }).catch(() => undefined);
      if (answer?.ok && (await answer.text()).includes("healthy")) {
        this.longest = Math.max(this.longest, (performance.now() - good) / 1000);
        good = performance.now();
      }
      await sleep(20);
    }
  }
}

/** An image like the service's own, which does not come up or does. */
function image(used: string, service: string, run: number, fails: boolean): string {
  const tag = `dating-bench/${service}:${fails ? "bad" : "good"}-${run}`;
  execFileSync("docker", ["build", "--quiet", "--tag", tag, "-"], {
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    input: `FROM ${used}\nLABEL run=${run}\n${fails ? 'ENTRYPOINT ["false"]\n' : ""}`,
    stdio: ["pipe", "ignore", "ignore"],
  });
  return tag;
}

async function replace(
  project: Project,
  url: string,
  service: string,
  tag: string,
  fails: boolean,
): Promise<number> {
  await project.configurePath(`images.${service}`, tag);
  const client = new Client(url);
  await sleep(1000);
  const failed = await project.up().then(
    () => false,
    () => true,
  );
  const away = await client.stop();
  if (failed !== fails) throw new Error(`the deploy of ${tag} ${failed ? "failed" : "succeeded"}`);
  await requestUntilHealthy(url);
  return away;
}

async function main(): Promise<void> {
  const { project, url } = await application();
  const tags: string[] = [];
  try {
    await project.stack.setConfig("dating:healthTimeout", { value: "30" });
    await project.up();
    await requestUntilHealthy(url);
    const found: Record<string, number[]> = {};
    for (const service of ["traefik", "postgres"]) {
      const own = execFileSync("docker", [
        "inspect",
        "--format",
        "{{.Config.Image}}",
        containerOf(project.prefix, service),
      ]);
      for (let run = 1; run <= runs; run++) {
        for (const fails of [true, false]) {
          const tag = image(own.toString().trim(), service, run, fails);
          tags.push(tag);
          const away = await replace(project, url, service, tag, fails);
          (found[`${service}, ${fails ? "one that does not come up" : "a good one"}`] ??= []).push(away);
          process.stderr.write(`bench: ${tag}: nobody answered for ${away.toFixed(2)} s\n`);
        }
      }
    }
    const results = Object.entries(found).map(([change, away]) => ({ change, absence: summarize(away) }));
    writeResults("absence", { results });
    console.table(
      results.map(({ change, absence }) => ({ change, median: absence.median, maximum: absence.maximum })),
    );
  } finally {
    project.discard();
    execFileSync("docker", ["image", "rm", "--force", ...tags], { stdio: "ignore" });
  }
}

void main();
