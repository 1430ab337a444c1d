import type { DeployedResource } from "../../../ops/stack/deployment";
import { drainReplaced, drainUnknown } from "../../../ops/recovery/drain";
import { FakeDocker } from "../support/fake-docker";

// A busy machine takes seconds to start a process.
jest.setTimeout(120_000);

const urn = (name: string) => `urn:pulumi:prod::dating::docker:index/container:Container::${name}`;

function container(name: string, id: string, replaced = false): DeployedResource {
  return { ...nothing, urn: urn(name), type: "docker:index/container:Container", id, replaced };
}

/** What holds a deploy until a service's container is healthy, and drains the container that it was made for. */
function gate(name: string, of: string, remove?: string): DeployedResource {
  return {
    ...nothing,
    urn: `urn:pulumi:prod::dating::command:local:Command::${name}-healthy`,
    type: "command:local:Command",
    id: `${name}-healthy`,
    inputs: {
      create: "node hooks/gate.mts",
      delete: remove,
      environment: { CONTAINER: of, DRAIN_FILE: "/run/draining", HEALTH_TIMEOUT: "1", DRAIN_TIMEOUT: "1" },
    },
    dependencies: [urn(name)],
  };
}

const nothing = {
  inputs: {},
  outputs: {},
  dependencies: [],
  secretInputs: new Set<string>(),
  replaced: false,
};

let docker: FakeDocker;
beforeEach(() => {
  docker = new FakeDocker();
  for (const id of ["old", "new", "serving", "unknown"]) docker.container(id);
});
afterEach(() => docker.remove());

const killedRollout = [container("bot", "old", true), container("bot", "new")];
const drain = "node hooks/drain.mts";

describe("what a killed rollout had replaced", () => {
  test("is drained once its successor is healthy", () => {
    expect(drainReplaced([...killedRollout, gate("bot", "old", drain)])).toEqual([
      "bot-healthy: the new container is healthy, and the old one is drained",
    ]);
    expect(docker.changes).toEqual(["drain old by /run/draining"]);
  });

  test("goes on serving where its successor is not healthy, or gone", () => {
    docker.container("new", { health: "none" });
    const kept = ["bot-healthy: the new container is not healthy, so the old one goes on serving"];
    expect(drainReplaced([...killedRollout, gate("bot", "old", drain)])).toEqual(kept);
    expect(drainReplaced([container("bot", "old", true), gate("bot", "old", drain)])).toEqual(kept);
    expect(docker.changes).toEqual([]);
  });

  test("that does not let itself be drained is an error", () => {
    docker.ignoreMarks();
    expect(() => drainReplaced([...killedRollout, gate("bot", "old", drain)])).toThrow(
      "the container old cannot be drained",
    );
  });

  test("is left alone where its service is stopped first, or its gate knows the new one already", () => {
    expect(drainReplaced([...killedRollout, gate("bot", "old")])).toEqual([]);
    expect(drainReplaced([...killedRollout, gate("bot", "new", drain)])).toEqual([]);
    expect(drainReplaced([container("bot", "new"), gate("bot", "new", drain)])).toEqual([]);
    expect(docker.changes).toEqual([]);
  });
});

describe("a container that no deploy knows", () => {
  test("is drained as its service is", () => {
    const resources = [
      container("bot", "serving"),
      gate("webapp", "page", drain),
      gate("bot", "serving", drain),
    ];
    drainUnknown(resources, "bot", "unknown");
    expect(docker.changes).toEqual(["drain unknown by /run/draining"]);
  });

  test("is left alone where its service is stopped first, or is not there yet", () => {
    drainUnknown([gate("bot", "serving"), gate("webapp", "page", drain)], "bot", "unknown");
    drainUnknown([], "bot", "unknown");
    expect(docker.changes).toEqual([]);
  });

  test("that does not let itself be drained is an error", () => {
    docker.ignoreMarks();
    expect(() => drainUnknown([gate("bot", "serving", drain)], "bot", "unknown")).toThrow(
      "the container unknown cannot be drained",
    );
  });
});
