import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DeployedResource } from "../../ops/deployment";
import { drainReplaced, drainUnknown } from "../../ops/recovery/drain";

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
      create: "bash hooks/await-healthy.sh",
      delete: remove,
      environment: { CONTAINER: of, DRAIN_FILE: "/run/draining", HEALTH_TIMEOUT: "1" },
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

let folder: string;
const { PATH } = process.env;

/** Puts a Docker CLI in front of the real one: the container "new" is in a state, the old one heeds being drained or not. */
function fakeDocker({ successor = "healthy", heeds = true } = {}): void {
  const program = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  program(
    "docker",
    `case "$*" in
*RestartCount*" new") echo "/bot running 0 ${successor}";;
*RestartCount*) echo "/bot-old running 0 healthy";;
exec*) echo "$*" >>${folder}/calls; ${heeds ? `touch ${folder}/drained` : "exit 1"};;
inspect*) test -e ${folder}/drained && echo running/unhealthy || echo running/healthy;;
esac`,
  );
  program("sleep", "");
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-drain-"));
  process.env.PATH = `${folder}:${PATH}`;
});
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true });
});

const drained = () =>
  existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];

const killedRollout = [container("bot", "old", true), container("bot", "new")];
const drain = "bash hooks/drain.sh";

describe("what a killed rollout had replaced", () => {
  test("is drained once its successor is healthy", () => {
    fakeDocker();
    expect(drainReplaced([...killedRollout, gate("bot", "old", drain)])).toEqual([
      "bot-healthy: the new container is healthy, and the old one is drained",
    ]);
    expect(drained()).toEqual(["exec --user 0 old touch /run/draining"]);
  });

  test("goes on serving where its successor is not healthy, or gone", () => {
    fakeDocker({ successor: "none" });
    const kept = ["bot-healthy: the new container is not healthy, so the old one goes on serving"];
    expect(drainReplaced([...killedRollout, gate("bot", "old", drain)])).toEqual(kept);
    expect(drainReplaced([container("bot", "old", true), gate("bot", "old", drain)])).toEqual(kept);
    expect(drained()).toEqual([]);
  });

  test("that does not let itself be drained is an error", () => {
    fakeDocker({ heeds: false });
    expect(() => drainReplaced([...killedRollout, gate("bot", "old", drain)])).toThrow(
      "the container old cannot be drained",
    );
  });

  test("is left alone where its service is stopped first, or its gate knows the new one already", () => {
    fakeDocker();
    expect(drainReplaced([...killedRollout, gate("bot", "old")])).toEqual([]);
    expect(drainReplaced([...killedRollout, gate("bot", "new", drain)])).toEqual([]);
    expect(drainReplaced([container("bot", "new"), gate("bot", "new", drain)])).toEqual([]);
    expect(drained()).toEqual([]);
  });
});

describe("a container that no deploy knows", () => {
  test("is drained as its service is", () => {
    fakeDocker();
    const resources = [
      container("bot", "serving"),
      gate("webapp", "page", drain),
      gate("bot", "serving", drain),
    ];
    drainUnknown(resources, "bot", "unknown");
    expect(drained()).toEqual(["exec --user 0 unknown touch /run/draining"]);
  });

  test("is left alone where its service is stopped first, or is not there yet", () => {
    fakeDocker();
    drainUnknown([gate("bot", "serving"), gate("webapp", "page", drain)], "bot", "unknown");
    drainUnknown([], "bot", "unknown");
    expect(drained()).toEqual([]);
  });

  test("that does not let itself be drained is an error", () => {
    fakeDocker({ heeds: false });
    expect(() => drainUnknown([gate("bot", "serving", drain)], "bot", "unknown")).toThrow(
      "the container unknown cannot be drained",
    );
  });
});
