import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ask, CouldNotAsk, Deadline, inspect, NoSuchContainer, Refused } from "../../../hooks/lib/docker.mts";
import { healthOf, longestAge } from "../../../hooks/lib/health.mts";
import { judge } from "../../../hooks/lib/healthy.mts";
import { wrongOfEdge, wrongOfRelease } from "../../../hooks/lib/edge/edge.mts";
import { sessions, turn } from "../../../hooks/lib/turns.mts";
import { FakeDocker, type FakeContainer } from "../support/fake-docker";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

let docker: FakeDocker;
beforeEach(() => (docker = new FakeDocker()));
afterEach(() => docker.remove());

describe("a question to Docker", () => {
  test("is asked again until it is answered", async () => {
    docker.container("bot");
    docker.silent(3);
    expect((await inspect("bot", new Deadline(30))).Id).toBe("bot");
  });

  test("that cannot be asked until the deadline is one without an answer, and nothing else", async () => {
    docker.container("bot");
    docker.silent(1000);
    await expect(inspect("bot", new Deadline(0.5))).rejects.toThrow(CouldNotAsk);
    await expect(inspect("bot", new Deadline(0.5))).rejects.toThrow("connection reset by peer");
  });

  test("says that a container is gone only where Docker says so", async () => {
    docker.silent(2);
    await expect(inspect("gone", new Deadline(30))).rejects.toThrow(NoSuchContainer);
  });

  test("is over where Docker refuses", async () => {
    docker.container("bot");
    await expect(ask(["exec", "--user", "nobody", "bot", "refuse"], new Deadline(30))).rejects.toThrow(
      Refused,
    );
  });
});

const now = new Date("2026-11-27T12:00:00Z");
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);

async function inspected(given: FakeContainer) {
  docker.container("bot", given);
  return inspect("bot", new Deadline(30));
}

describe("a container's health", () => {
  test("is worth its last check: an engine that makes no more of them still tells the last", async () => {
    const fresh = await inspected({ checked: ago(5) });
    expect(healthOf(fresh, now)).toBe("healthy");
    expect(healthOf(await inspected({ checked: ago(longestAge(fresh) + 1) }), now)).toBe("unknown");
    expect(healthOf(await inspected({ checked: ago(3600), health: "unhealthy" }), now)).toBe("unknown");
    expect(healthOf(await inspected({ checked: ago(3600), health: "starting" }), now)).toBe("starting");
    expect(healthOf(await inspected({ health: "none" }), now)).toBe("none");
  });

  test.each([
    [{ health: "healthy" }, 0, { verdict: "healthy" }],
    [{ health: "starting" }, 0, { verdict: "wait", health: "starting" }],
    [{ health: "unhealthy" }, 0, { verdict: "wait", health: "unhealthy" }],
    [{ health: "none" }, 0, { verdict: "failed", why: "has no health check" }],
    [{ status: "exited", health: "unhealthy" }, 0, { verdict: "failed", why: "has stopped" }],
    [{ status: "exited", health: "healthy" }, 0, { verdict: "failed", why: "has stopped" }],
    [{ health: "starting", restarts: 3 }, 0, { verdict: "failed", why: "was restarted 3 times" }],
    [{ health: "starting", restarts: 3 }, 3, { verdict: "wait", health: "starting" }],
  ])("of %j, restarted %d times before, is judged", async (given, before, verdict) => {
    expect(judge(await inspected({ checked: ago(1), ...given }), before, now)).toEqual(verdict);
  });
});

describe("an answer", () => {
  const json = (body: string, status = 200) => ({ status, type: "application/json", body });
  const page = { status: 200, type: "text/html", body: "<!doctype html>" };
  const version = { path: "/version", type: "application/json", tellsRelease: true };

  test("of the release itself has to be right", () => {
    expect(wrongOfRelease(version, json("2"))).toBeUndefined();
    expect(wrongOfRelease(version, json("2", 500))).toContain("500 application/json: 2");
    expect(wrongOfRelease(version, page)).toContain("expected is 200 application/json");
    expect(wrongOfRelease({ path: "/version.txt", tellsRelease: true }, page)).toBeUndefined();
  });

  test("through the edge has to be the release's: not another service's, and not another release's", () => {
    expect(wrongOfEdge(version, json("2"), json("2"))).toBeUndefined();
    expect(wrongOfEdge(version, page, json("2"))).toContain("200 text/html");
    expect(wrongOfEdge(version, json("1"), json("2"))).toContain(
      "the release that was deployed answers 200 application/json: 2",
    );
    expect(wrongOfEdge({ ...version, tellsRelease: false }, json("1"), json("2"))).toBeUndefined();
    expect(wrongOfEdge({ ...version, tellsRelease: false }, json("1", 503), json("2"))).toContain("503");
  });
});

test("a question into a container that nobody answers is over at once, and keeps no hook waiting", () => {
  docker.container("edge");
  // A process of its own, as a hook is: it ends when nothing is left that it waits for.
  const relay = JSON.stringify(join(__dirname, "../../../hooks/lib/edge/relay.mts"));
  const script = `import { askFrom } from ${relay};
    const question = { from: "edge", address: "127.0.0.1", port: 8082, path: "/" };
    await askFrom(question).catch((error) => console.log(error.message));
    console.log(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length);`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env: process.env,
  });
  expect(stdout).toBe("nc: Connection refused\n0\n");
});

test("a connection into a container is ended, also where docker waits for the other side when it is told to end", () => {
  const folder = mkdtempSync(join(tmpdir(), "dating-asking-"));
  writeFileSync(join(folder, "docker"), "#!/bin/sh\ntrap '' TERM\necho up\nexec sleep 300\n", {
    mode: 0o755,
  });
  const relay = JSON.stringify(join(__dirname, "../../../hooks/lib/edge/relay.mts"));
  const script = `import { connectFrom, over } from ${relay};
    const passage = connectFrom({ from: "edge", address: "127.0.0.1", port: 1 });
    console.log(await over(passage, (done) => passage.bytes.once("data", () => done("answered"))));`;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    ...{ encoding: "utf8", timeout: 45_000 },
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
  rmSync(folder, { recursive: true });
  expect({ stdout, status }).toEqual({ stdout: "answered\n", status: 0 });
});

describe("sessions", () => {
  const host = `ssh://nobody@test-${process.pid}`;
  const waited = (given: Promise<unknown>) =>
    Promise.race([given.then(() => true), new Promise((later) => setTimeout(() => later(false), 300))]);

  test("of hooks are few over SSH, and a call waits for as many as it opens", async () => {
    const taken = await Promise.all(Array.from({ length: sessions }, () => turn(["inspect", "bot"], host)));
    const waiting = turn(["exec", "bot", "true"], host);
    expect(await waited(waiting)).toBe(false);
    taken[0]!();
    expect(await waited(waiting)).toBe(false);
    taken[1]!();
    (await waiting)();
    taken.forEach((end) => end());
  });

  test("are given in the order in which they are asked for, so that nobody waits for ever", async () => {
    const taken = await Promise.all(Array.from({ length: sessions - 1 }, () => turn(["ps"], host)));
    const large = turn(["start", "--attach", "migration"], host);
    await new Promise((later) => setTimeout(later, 50));
    const small = turn(["ps"], host);
    expect(await waited(small)).toBe(false);
    taken.forEach((end) => end());
    (await large)();
    (await small)();
  });

  test("of a hook that was killed are free again", async () => {
    const file = join(__dirname, "../../../hooks/lib/turns.mts");
    const script = `const { turn } = await import(${JSON.stringify(file)}); await turn(["run"], ${JSON.stringify(host)}); await turn(["exec"], ${JSON.stringify(host)}); process.kill(process.pid, "SIGKILL")`;
    expect(spawnSync(process.execPath, ["--input-type=module", "--eval", script]).signal).toBe("SIGKILL");
    (await turn(["run"], host))();
  });

  test("are as many as there are questions everywhere else", async () => {
    for (let count = 0; count < 3 * sessions; count++) await turn(["ps"], "unix:///var/run/docker.sock");
  });
});
