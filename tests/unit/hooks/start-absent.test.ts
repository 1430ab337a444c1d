import type { DeployedResource } from "../../../ops/stack/deployment";
import { runHook } from "../../../ops/hook";
import type { DockerHost } from "../../../ops/host/inspect";
import { startAbsent } from "../../../ops/recovery/start";

jest.mock("../../../ops/hook");
const hook = jest.mocked(runHook);

const nothing = {
  ...{ outputs: {}, dependencies: [], secretInputs: new Set<string>(), replaced: false },
};

function container(service: string, id: string, replaced = false): DeployedResource {
  const labels = [
    { label: "dating.service", value: service },
    { label: "dating.stack", value: "dating-prod" },
  ];
  return { ...nothing, urn: id, type: "docker:index/container:Container", id, replaced, inputs: { labels } };
}

/** What has let a container serve. */
function gate(service: string, of: string, create = "node hooks/switch.mts"): DeployedResource {
  const inputs = { create, environment: { CONTAINER: of } };
  return { ...nothing, urn: `gate of ${service}`, type: "command:local:Command", id: service, inputs };
}

/** A host that has some containers, each with the volume `data`, and runs some services. Others may have that volume, too. */
const host = ({ has, runs = [], users = [] }: { has: string[]; runs?: string[]; users?: string[] }) =>
  ({
    container: (id: string) =>
      has.includes(id) ? { Id: id, Mounts: [{ Type: "volume", Name: "data" }] } : undefined,
    run: (args: string[]) => Buffer.from(args.includes("volume=data") ? users.join("\n") : ""),
    running: (stack: string, service: string) =>
      stack === "dating-prod" && runs.includes(service) ? { Id: "some" } : undefined,
  }) as unknown as DockerHost;

const killed = [container("postgres", "old", true), container("postgres", "new"), gate("postgres", "old")];

beforeEach(() => hook.mockReset());

test("a service of which none runs gets back the one that served last", () => {
  hook.mockReturnValue(true);
  expect(startAbsent(killed, host({ has: ["old", "new"] }))).toEqual([
    "postgres: no container ran, so the last one that served was started",
  ]);
  expect(hook.mock.calls).toEqual([["switch", { CONTAINER: "old" }]]);
});

test("one that does not come up is told", () => {
  hook.mockReturnValue(false);
  expect(startAbsent(killed, host({ has: ["old"] }))).toEqual([
    "postgres: no container runs, and the last one that served does not come up",
  ]);
});

test("a service that runs is left alone, whichever container it runs in", () => {
  expect(startAbsent(killed, host({ has: ["old", "new"], runs: ["postgres"] }))).toEqual([]);
  expect(hook).not.toHaveBeenCalled();
});

test("what is gone, what never served, and what rolls is left to the next deploy", () => {
  expect(startAbsent(killed, host({ has: [] }))).toEqual([]);
  expect(startAbsent([container("postgres", "new")], host({ has: ["new"] }))).toEqual([]);
  const rolling = [container("bot", "one"), gate("bot", "one", "node hooks/gate.mts")];
  expect(startAbsent(rolling, host({ has: ["one"] }))).toEqual([]);
  expect(hook).not.toHaveBeenCalled();
});

test("nothing is started beside a container that has the same volume", () => {
  expect(startAbsent(killed, host({ has: ["old"], users: ["dating-db-1"] }))).toEqual([
    "postgres: no container runs, and none is started, as dating-db-1 has its volume",
  ]);
  expect(hook).not.toHaveBeenCalled();
});
