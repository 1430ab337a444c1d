import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { imagesFor } from "../../../config/keys";
import { localImage } from "../../../images/content";
import { application, deployedApplication, sql } from "../../engine/support/application";
import { containerOf, docker } from "../../engine/support/docker";
import { DockerHost } from "../../engine/support/machines/docker-host";
import { requestUntilHealthy } from "../../engine/support/http";
import { runAfterKill, spread } from "../../engine/support/killing";
import type { Project } from "../../engine/support/project";
import { describeWithStore, S3Store } from "../../engine/support/stores/s3-store";

jest.setTimeout(3_600_000);

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Waits for something that takes a while: the test's own time limit is the longest. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((later) => setTimeout(later, 1000));
}

describeWithStore("a host that is lost with all its disks", () => {
  const runs = Number(process.env.RUNS ?? 10);
  const passphrase = randomBytes(16).toString("hex");
  let store: S3Store;
  /** What is left to be taken down of the hosts that were made. */
  const hosts = new Set<() => void>();
  beforeAll(async () => (store = await S3Store.start("people")));
  afterAll(() => {
    for (const lose of hosts) lose();
    store?.stop();
  });

  /** A stack on a host of its own, which knows of the one before nothing but where the repository is and what opens it. */
  async function newHost() {
    const { project, url } = await application();
    const folder = mkdtempSync(join(tmpdir(), "dating-test-host-"));
    const host = DockerHost.start(folder, [Number(new URL(url).port)]);
    const lose = () => {
      hosts.delete(lose);
      host.stop();
      delete process.env.DOCKER_HOST;
      rmSync(folder, { recursive: true, force: true });
      project.discard();
    };
    hosts.add(lose);
    host.load(imagesFor(false).map((name) => localImage(name)));
    for (const environment of [process.env, project.environment, project.stack.workspace.envVars])
      environment.DOCKER_HOST = host.address;
    await project.up();
    store.join(`${project.prefix}-edge`, (args) => host.docker(args));
    await store.configure(project, 0);
    await project.stack.setConfig("dating:backupPassphrase", { value: passphrase, secret: true });
    await project.up();
    await requestUntilHealthy(url);
    return { project, url, lose };
  }

  /** What the service that archives has used since its start: seconds of processor time, and bytes that it has sent. */
  async function spentBy(project: Project): Promise<{ processor: number; sent: number }> {
    const script = `cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || awk '/^usage_usec/ { print $2 * 1000 }' /sys/fs/cgroup/cpu.stat
      awk 'NR > 2 && $1 != "lo:" { sent += $10 } END { print sent }' /proc/net/dev`;
    const service = containerOf(project.prefix, "backup");
    const [processor, sent] = (await docker("exec", service, "sh", "-c", script)).split("\n").map(Number);
    return { processor: processor! / 1e9, sent: sent! };
  }

  const serverOf = (project: Project) => sql(project, "select system_identifier from pg_control_system()");

  test(`costs 60 seconds of what was acknowledged at most, in ${runs} runs, and a new host has the rest`, async () => {
    const lost: { rows: number; seconds: number }[] = [];
    let user = 1_000_000;
    let { project, url, lose } = await newHost();
    for (let run = 1; run <= runs; run++) {
      await until(async () => {
        const servers = project.attempt("./dating", [
          "backup",
          "restore",
          project.stackName,
          "--at",
          "latest",
          "--dry-run",
        ]);
        return servers.stdout.includes(`server ${await serverOf(project)}`);
      });
      const server = await serverOf(project);
      const acknowledged = new Map<number, number>();
      const [before, start] = [await spentBy(project), Date.now()];
      const end = Date.now() + randomInt(15_000, 90_000);
      while (Date.now() < end) {
        user++;
        const answer = await fetch(`${url}/api/interactions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ user_id: user, target_id: 1, interaction_type: "like" }),
        });
        if (answer.status === 201) acknowledged.set(user, Date.now());
        await new Promise((later) => setTimeout(later, 20));
      }
      const killed = Date.now();
      const after = await spentBy(project);
      lose();
      ({ project, url, lose } = await newHost());
      const begin = Date.now();
      const restored = project.attempt("./dating", [
        ...["backup", "restore", project.stackName, "--at", "latest", "--server", server, "--yes"],
      ]);
      expect(restored.stderr).toContain(`server ${server}`);
      expect(restored.status).toBe(0);
      const took = (Date.now() - begin) / 1000;
      await requestUntilHealthy(url);
      const there = new Set((await sql(project, "select user_id from interactions")).split("\n").map(Number));
      const missing = [...acknowledged].filter(([id]) => !there.has(id));
      const seconds = Math.max(0, ...missing.map(([, at]) => (killed - at) / 1000));
      lost.push({ rows: missing.length, seconds });
      say(
        `run ${run}: ${acknowledged.size} rows acknowledged, ${missing.length} lost, the oldest ${seconds.toFixed(1)} s ` +
          `before the end; restored in ${took.toFixed(1)} s; in ${((killed - start) / 1000).toFixed(0)} s archiving took ` +
          `${(after.processor - before.processor).toFixed(2)} s of processor time and sent ${((after.sent - before.sent) / 1024).toFixed(0)} KiB`,
      );
      // Nothing in between is missing.
      const firstMissing = Math.min(...missing.map(([id]) => id));
      expect([...acknowledged.keys()].filter((id) => id > firstMissing && there.has(id))).toEqual([]);
      expect(seconds).toBeLessThanOrEqual(60);
    }
    say(`lost at most: ${Math.max(...lost.map(({ seconds }) => seconds)).toFixed(1)} s`);
  });
});

describe("a restore to a point in time that is killed", () => {
  let project: Project;
  let url: string;
  beforeAll(async () => {
    ({ project, url } = await deployedApplication());
    await project.configurePath("backupRepositories[0]", "volume");
    await project.up();
    await requestUntilHealthy(url);
    await until(async () => restore("--dry-run").stdout.includes("any time from"));
  });
  afterAll(() => project?.discard());

  const words = (...more: string[]) => ["backup", "restore", project.stackName, "--at", "latest", ...more];
  const restore = (...more: string[]) => project.attempt("./dating", words(...more));
  const left = async () => {
    const label = ["--filter", `label=dating.point-in-time=${project.prefix}`];
    return (
      (await docker("ps", "--all", "--quiet", ...label)) + (await docker("volume", "ls", "--quiet", ...label))
    );
  };

  /**
   * Restores, and kills that when it calls Docker for the so many-th time. Those calls are the project's own: Docker's events
   * would count the health checks of all that runs on the machine.
   *
   * @param after Infinity: it ends by itself
   * @param whole with all that the command has begun, as a service manager kills it; else the command alone
   * @returns how often it has called Docker, and whether it was killed: one that calls Docker less often ends before that
   */
  async function restoreAndKill(after: number, whole: boolean): Promise<{ calls: number; killed: boolean }> {
    const before = project.dockerCalls().length;
    const count = () => project.dockerCalls().length - before;
    const child = spawn("./dating", words("--yes"), {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      detached: true,
      stdio: "ignore",
    });
    const ended = once(child, "exit");
    const runs = () => child.exitCode === null && child.signalCode === null;
    while (runs() && count() < after) await new Promise((later) => setTimeout(later, 5));
    try {
      if (runs()) process.kill(whole ? -child.pid! : child.pid!, "SIGKILL");
    } catch (error) {
      // It has ended between the two.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    await ended;
    const killed = child.signalCode === "SIGKILL";
    if (!killed) expect(child.exitCode).toBe(0);
    return { calls: count(), killed };
  }

  test("leaves nothing that recover does not remove, and the next one goes through", async () => {
    await sql(project, "insert into users (tg_id, username) values (1, 'one')");
    const { calls: all } = await restoreAndKill(Infinity, false);
    const seen = new Set<string>();
    let kills = 0;
    for (const [place, point] of spread(16, all).entries()) {
      if ((await restoreAndKill(point, place % 2 === 0)).killed) kills++;
      // What Docker was told before goes on without it.
      await new Promise((later) => setTimeout(later, 3000));
      seen.add((await left()) === "" ? "nothing" : "something");
      const recovered = await runAfterKill(project, "recover", project.stackName, "--yes");
      expect(recovered.status).toBe(0);
      expect(await left()).toBe("");
      expect(project.attempt("./dating", ["status", project.stackName]).stdout).not.toContain("Left by");
      const next = await runAfterKill(project, ...words("--yes"));
      expect(next.status).toBe(0);
      expect(await sql(project, "select username from users where tg_id = 1")).toBe("one");
      expect(project.attempt("./dating", ["backup", "restore", project.stackName, "--finish"]).status).toBe(
        0,
      );
      await requestUntilHealthy(url);
      say(
        `killed after ${point} of ${all} calls of Docker, ${place % 2 === 0 ? "all of it" : "the command alone"}`,
      );
    }
    say(`killed ${kills} times; left: ${[...seen].join(" and ")}`);
    expect(kills).toBeGreaterThanOrEqual(12);
  });
});
