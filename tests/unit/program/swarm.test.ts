import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { SwarmNode } from "../../../host/asking/swarm";
import { judge as judgeHost } from "../../../host/judge";
import { judge } from "../../../hooks/lib/converged.mts";
import { Deadline } from "../../../hooks/lib/docker.mts";
import { findService, releaseOf, type Service, type Task } from "../../../hooks/lib/swarm.mts";
import { types, type Change } from "../../../ops/review/changes";
import { costOf } from "../../../ops/review/people";
import { answers, wanted } from "../host/recorded";
import { problemsOf, token } from "../support/config";

const images = JSON.stringify(
  Object.fromEntries(
    ["traefik", "socket-proxy", "postgres", "bot", "webapp", "backup", "migrations"].map((name) => [
      name,
      `registry.example.com/dating/${name}:1.0.0@sha256:${"0".repeat(64)}`,
    ]),
  ),
);
const command = JSON.stringify(["python3", "-m", "bot"]);
const onSwarm = {
  domain: "dating.example.com",
  botToken: token,
  images,
  orchestrator: "swarm",
  botCommand: command,
};

describe("the configuration of a stack on a swarm", () => {
  test("is accepted with images by digest and the bot's command", () => {
    expect(problemsOf({ ...onSwarm, replicas: '{"bot":2,"webapp":3}' })).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["monitoring", { monitoring: "true" }, "dating:monitoring"],
    ["HTTPS", { tls: "acme", acmeEmail: "a@example.com" }, "dating:tls"],
    ["a range for its networks", { networkRange: "198.18.7.0/24" }, "dating:networkRange"],
    ["local images", { localImages: "true" }, "dating:localImages"],
    ["previews behind its edge", { previewDomain: "previews.example.com" }, "dating:previewDomain"],
    [
      "several of a bot of which only one may run",
      { replicas: '{"bot":2}', botRollout: "stop-first" },
      "dating:replicas",
    ],
  ])("is refused with %s", (_, more, key) => {
    const values = "localImages" in more ? { ...onSwarm, images: "{}", ...more } : { ...onSwarm, ...more };
    const found = problemsOf(values).find((problem) => problem.key === key);
    expect(found?.command).toContain(key);
  });

  test("has to say how the bot is started, as a shell reads its secrets first", () => {
    const [problem] = problemsOf({ ...onSwarm, botCommand: "[]" });
    expect(problem).toMatchObject({
      key: "dating:botCommand",
      command: "pulumi config set --stack prod --path 'dating:botCommand[0]' 'python3'",
    });
  });

  test("is none of a stack on one host", () => {
    const found = problemsOf({ ...onSwarm, orchestrator: "host", replicas: '{"bot":2}' });
    expect(found.map(({ key }) => key)).toEqual(["dating:replicas", "dating:botCommand"]);
  });
});

describe("the engine of a stack on a swarm", () => {
  const node = (id: string, labels: Record<string, string> = {}, state = "ready"): SwarmNode => ({
    ID: id,
    Spec: { Role: "manager", Availability: "active", Labels: labels },
    Description: { Hostname: `host-${id}` },
    Status: { State: state },
  });
  const labelled = { "dating-prod.data": "yes" };
  const said = (nodes: SwarmNode[] | undefined, swarm: object, more = {}) =>
    judgeHost(
      {
        answers: answers({
          nodes,
          info: { Swarm: swarm, SecurityOptions: ["name=seccomp", "name=no-new-privileges"], ...more },
        }),
        view: {},
      },
      { ...wanted, orchestrator: "swarm" },
    ).filter(({ what }) => !what.includes("neither AppArmor"));
  const manager = { LocalNodeState: "active", ControlAvailable: true, NodeID: "one" };

  test("is a manager with the label for the data", () => {
    expect(said([node("one", labelled), node("two"), node("three")], manager)).toEqual([]);
  });

  test.each<[string, SwarmNode[] | undefined, object, string, string]>([
    ["in no swarm", undefined, { LocalNodeState: "inactive" }, "is in no swarm", "docker swarm init"],
    [
      "a worker",
      undefined,
      { LocalNodeState: "active", ControlAvailable: false },
      "is a worker",
      "docker node promote",
    ],
    [
      "without the label",
      [node("one")],
      manager,
      "no node has the label",
      "docker node update --label-add dating-prod.data=yes one",
    ],
    [
      "one of two with it",
      [node("one", labelled), node("two", labelled)],
      manager,
      "2 nodes have the label",
      "--label-rm",
    ],
    [
      "not the one with it",
      [node("one"), node("two", labelled)],
      manager,
      "is host-two, and the engine that is asked is host-one",
      "dating:dockerHost",
    ],
  ])("is refused that is %s", (_, nodes, swarm, what, fix) => {
    const found = said(nodes, swarm).find(({ level }) => level === "refuse");
    expect(found?.what).toContain(what);
    expect(found?.fix).toContain(fix);
  });

  test("is told to leave live-restore before it can be in a swarm", () => {
    const [found] = said(undefined, { LocalNodeState: "inactive" }, { LiveRestoreEnabled: true });
    expect(found?.fix).toContain("take live-restore out");
  });

  test("warns of a node that is down, of two managers, and of what its services cannot forbid by themselves", () => {
    const found = said([node("one", labelled), node("two", {}, "down")], manager, {
      SecurityOptions: ["name=seccomp"],
    });
    expect(found.map(({ level, what }) => `${level}: ${what}`)).toEqual([
      "warn: the node host-two is down (active)",
      "warn: the swarm has two managers",
      "warn: the engine lets programs gain privileges",
    ]);
  });
});

test("what people notice of a changed service is not known, and a preview says so", () => {
  const change = { type: types.service, action: "update", urn: "u", name: "bot", stopFirst: false };
  const changes = [{ ...change, before: {}, after: {}, properties: [] } as Change];
  expect(costOf(changes)).toContain("not measured on a swarm");
});

describe("a service that is to run a release", () => {
  const release = releaseOf("dating-prod-bot@new@tasks-new")!;
  const service = (label: string, state?: string, replicas = 1): Service => ({
    Spec: {
      Name: "dating-prod-bot",
      Labels: { "dating.release": label },
      Mode: { Replicated: { Replicas: replicas } },
    },
    UpdateStatus: state === undefined ? undefined : { State: state, Message: "said by Swarm" },
  });
  const task = (of: string, state: string, desired = "running"): Task => ({
    ...{ ID: "t", CreatedAt: "2026-01-01T00:00:00Z", DesiredState: desired },
    Spec: { ContainerSpec: { Env: [`DATING_RELEASE=${of}`] } },
    Status: { State: state },
  });
  const [mine, old] = [
    (state: string) => task("tasks-new", state),
    (desired: string) => task("tasks-old", "running", desired),
  ];

  test.each<[string, Service | undefined, Task[], boolean, string]>([
    ["is not there yet", undefined, [], false, "wait"],
    ["was removed meanwhile", undefined, [], true, "failed"],
    ["was not given it yet", service("old"), [old("running")], false, "wait"],
    // From the deploy before this one.
    [
      "was not given it yet, and went back before",
      service("old", "rollback_completed"),
      [old("running")],
      false,
      "wait",
    ],
    ["went back", service("old", "rollback_completed"), [old("running")], true, "failed"],
    ["begins to go back", service("new", "rollback_started"), [mine("failed")], true, "failed"],
    ["is being updated", service("new", "updating"), [mine("running"), old("shutdown")], true, "wait"],
    ["has a task that starts", service("new"), [mine("starting")], true, "wait"],
    ["still has an old task", service("new", "completed"), [mine("running"), old("running")], true, "wait"],
    ["has too few", service("new", "completed", 2), [mine("running")], true, "wait"],
    ["has failed again and again", service("new"), [1, 2, 3].map(() => mine("failed")), true, "failed"],
    ["has ended again and again", service("new"), [1, 2, 3].map(() => mine("complete")), true, "failed"],
    ["runs it", service("new", "completed"), [mine("running"), old("shutdown")], true, "converged"],
    ["runs it, and is new", service("new"), [mine("running")], true, "converged"],
  ])("that %s", (_, given, tasks, begun, verdict) => {
    expect(judge(given, tasks, release, begun).verdict).toBe(verdict);
  });

  test("is none that is named by a container's id", () => {
    expect(releaseOf("0123456789abcdef")).toBeUndefined();
  });
});

describe("a service that is asked for", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dating-swarm-"))));
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  /** Asks a Docker CLI that ends with this. */
  const asked = (said: string) => {
    writeFileSync(join(folder, "docker"), `#!/bin/sh\necho '[]'\necho '${said}' >&2\nexit 1\n`, {
      mode: 0o755,
    });
    jest.replaceProperty(process, "env", { ...process.env, PATH: `${folder}:${process.env.PATH}` });
    return findService("dating-prod-bot", new Deadline(1));
  };

  test("is not there where the swarm says so", () =>
    expect(asked("Error response from daemon: service dating-prod-bot not found")).resolves.toBeUndefined());

  test("may be there where nobody could be asked", () =>
    expect(
      asked(
        "error during connect: Get http://one.example.com/v1.55/services: dial tcp: lookup one.example.com: no such host",
      ),
    ).rejects.toThrow("no such host"));
});
