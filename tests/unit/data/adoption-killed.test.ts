import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

import { adopt } from "../../../ops/adoption/adopt";
import { removeOriginal, takeBack } from "../../../ops/adoption/end";
import { withTemporarySettings } from "../../../ops/adoption/settings";
import { readTarget } from "../../../ops/backups/target";
import { allResources } from "../../../ops/stack/deployment";
import { clearKilled } from "../../../ops/recovery/recover";
import { withReviewed } from "../../../ops/review/deploy";
import { Refused } from "../../../ops/stack/errors";
import type { Session } from "../../../ops/stack/session";
import { takeDown } from "../../../ops/stack/take-down";
import { FakeCompose } from "../support/fake-compose";

jest.mock("node:child_process", () => ({
  ...jest.requireActual<typeof import("node:child_process")>("node:child_process"),
  spawnSync: jest.fn(),
}));
jest.mock("../../../ops/backups/docker", () => ({
  ...jest.requireActual<object>("../../../ops/backups/docker"),
  DockerCli: class {
    readonly environment = {};
    get undisturbed() {
      return this;
    }
    text = (args: string[], input?: string) => host.text(args, input);
    read = (args: string[], input: Readable) => host.attach(args, input);
  },
}));
jest.mock("../../../ops/backups/dump", () => ({ archiveDatabase: () => host.make("dump", () => {}) }));
jest.mock("../../../ops/backups/target");
jest.mock("../../../ops/stack/deployment");
jest.mock("../../../ops/recovery/recover");
jest.mock("../../../ops/review/deploy");
jest.mock("../../../ops/stack/take-down");
jest.mock("../../../ops/adoption/settings", () => ({
  ...jest.requireActual<object>("../../../ops/adoption/settings"),
  imagesOf: () => ({ postgres: "ours", backup: "backup", migrations: "migrations" }),
  withTemporarySettings: jest.fn(),
}));
jest.mock("../../../ops/stack/file", () => ({
  StackFile: class {
    readonly path = join(folder, "written.yaml");
    entries = () => ({});
    get = () => undefined;
  },
}));

let folder: string;
let host: FakeCompose;
const session = { stack: "prod", environment: {} } as Session;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-adoption-"));
  writeFileSync(join(folder, "reviewed.yaml"), "config: {}\n");
  host = new FakeCompose();
  for (const stream of ["log", "error"] as const) jest.spyOn(console, stream).mockImplementation(() => {});
  jest
    .mocked(withTemporarySettings)
    .mockImplementation((_, __, action) => action(join(folder, "reviewed.yaml"), []));
  jest
    .mocked(withReviewed)
    .mockImplementation((_, __, action) => action(() => new Promise<void>((done) => done(host.deploy()))));
  jest.mocked(clearKilled).mockImplementation(() => {
    host.make("clear", () => {});
    return Promise.resolve({} as never);
  });
  jest.mocked(takeDown).mockImplementation(() => host.takeDown());
  jest.mocked(allResources).mockImplementation(() => host.state as never);
  Object.defineProperty(session, "resources", { get: () => host.state, configurable: true });
  jest.mocked(readTarget).mockImplementation(
    () =>
      ({
        ...{ prefix: "dating-prod", docker: { text: host.text.bind(host) } },
        database: { container: "dating-prod-postgres", name: "dating", superuser: "postgres" },
      }) as never,
  );
  jest.mocked(spawnSync).mockImplementation(((
    _: string,
    args: string[],
    { env }: { env: NodeJS.ProcessEnv },
  ) => {
    host.downgrade(env.NETWORK!, args.at(-1)!);
    return { status: 0 };
  }) as never);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const approve = jest.fn(() => Promise.resolve());
const options = { project: "dating", backup: "backups", dryRun: false, approve };
const commands = {
  start: () => adopt(session, options),
  back: () => takeBack(session, options),
  finish: () => removeOriginal(session, options),
};
type Name = keyof typeof commands;

/** Runs a command to its end. */
async function run(name: Name): Promise<unknown> {
  host.begin();
  return commands[name]();
}

/** Runs a command that is killed after a step. */
async function killed(name: Name, killAfter: number): Promise<void> {
  host.begin({ killAfter });
  await expect(commands[name]()).rejects.toThrow("killed");
}

const untouched = {
  "dating-db-1": "running, unless-stopped",
  "dating-bot-1": "running, on-failure:3",
  "dating-admin-1": "stopped, always",
  "dating-bot-run-1": "stopped, no",
};

function expectAdopted(): void {
  expect(host.stack).toEqual(["dating-prod-postgres", "dating-prod-bot"]);
  expect(Object.values(host.original)).toEqual(Array(4).fill("stopped, no"));
  expect([...host.roles].sort()).toEqual([
    ["dating", false],
    ["postgres", true],
  ]);
  expect(host).toMatchObject({
    revision: "003",
    ordered: "ours",
    two: false,
    others: ["dating-prod-adoption"],
  });
}

function expectUntouched(): void {
  expect(host.original).toEqual(untouched);
  expect(host.roles.get("dating")).toBe(true);
  expect(host.roles.has("dating_adoption")).toBe(false);
  expect(host).toMatchObject({ stack: [], revision: "002", ordered: "original", two: false, others: [] });
}

/** How many steps a command takes, from how things are when it is called. */
async function stepsOf(...names: Name[]): Promise<number> {
  const kept = host;
  host = new FakeCompose();
  for (const name of names) await run(name);
  const { taken } = host;
  host = kept;
  return taken;
}

/** Tries something for each step of a command; each from the beginning. */
async function atEachStep(
  before: Name[],
  name: Name,
  action: (step: number) => Promise<void>,
): Promise<void> {
  const steps = await stepsOf(...before, name);
  expect(steps).toBeGreaterThan(5);
  for (let step = 1; step < steps; step++) {
    host = new FakeCompose();
    for (const each of before) await run(each);
    await killed(name, step);
    try {
      await action(step);
    } catch (error) {
      throw new Error(
        `killed at step ${step} of ${steps} (${host.changes.at(-1)}): ${(error as Error).message}`,
      );
    }
  }
}

/** Whether anything of an adoption was noted. */
const isNoted = () => host.volumes.has("dating-prod-adoption");

test("an adoption stops the original for good, prepares its data once, and tells how long it took", async () => {
  expect(await run("start")).toBe(12);
  expectAdopted();
  expect(host.changes.filter((change) => change === "take over")).toHaveLength(1);
});

test("the way back starts what ran before and nothing else, with the restart policies that were there", async () => {
  await run("start");
  await run("back");
  expectUntouched();
});

test("an adoption that is killed at any step is continued by the next one", () =>
  atEachStep([], "start", async () => {
    await run("start");
    expectAdopted();
  }));

test("an adoption that is killed at any step is taken back", () =>
  atEachStep([], "start", async () => {
    if (isNoted()) await run("back");
    else await expect(run("back")).rejects.toThrow("no note of an adoption of dating");
    expectUntouched();
  }));

test("a way back that is killed at any step is continued by the next one", () =>
  atEachStep(["start"], "back", async () => {
    if (isNoted()) await run("back");
    expectUntouched();
  }));

test("after a way back that is killed at any step, the stack can adopt again, without a server beside another", () =>
  atEachStep(["start"], "back", async () => {
    await run("start");
    expectAdopted();
  }));

test("what the original does after a way back that was killed at its end is not taken back later", async () => {
  const steps = await stepsOf("start", "back");
  await run("start");
  await killed("back", steps - 1);
  expect(isNoted()).toBe(true);
  // Somebody has given it a newer release.
  host.revision = "002b";
  await run("start");
  expectAdopted();
  await run("back");
  expect(host).toMatchObject({ revision: "002b", original: untouched, others: [] });
});

test.each([
  ["the server", false],
  ["the migration", false],
  ["the bot", true],
])("where the deploy fails at %s, the original is started again", async (failing, isMigrated) => {
  host.begin();
  host.failing = failing;
  await expect(commands.start()).rejects.toThrow(
    `${failing} failed\nStack prod was taken down, and dating runs again`,
  );
  expectUntouched();
  expect(host.changes.includes("down to 002")).toBe(isMigrated);
  await run("start");
  expectAdopted();
});

test("where the way back after a failure fails, too, both ways to go on are told", async () => {
  host.begin();
  host.failing = "the bot";
  jest.mocked(takeDown).mockImplementationOnce(() => {
    throw new Error("no way back");
  });
  await expect(commands.start()).rejects.toThrow(
    /the bot failed[^]*no way back\n.*adopt back prod\n.*adopt start prod/,
  );
  expect(host.two).toBe(false);
  await run("back");
  expectUntouched();
});

test("rows that are missing are told, and the comparison is not forgotten", async () => {
  host.begin();
  const deploy = host.deploy.bind(host);
  jest.spyOn(host, "deploy").mockImplementationOnce(() => {
    deploy();
    host.users = 499;
  });
  await expect(commands.start()).rejects.toThrow(
    /Rows are missing:\n {2}public\.users: 500 rows expected, 499/,
  );
  await expect(run("start")).rejects.toThrow("Rows are missing");
  await expect(run("finish")).rejects.toThrow("was interrupted");
  host.users = 501;
  await run("start");
  expectAdopted();
});

describe("nothing is started, and nothing changed,", () => {
  const refuses = async (name: Name, message: RegExp) => {
    host.begin();
    await expect(commands[name]()).rejects.toThrow(message);
    await expect(commands[name]()).rejects.toThrow(Refused);
    expect(host.changes).toEqual([]);
    expect(approve).not.toHaveBeenCalled();
  };
  beforeEach(() => approve.mockClear());

  test("while something else has the data", async () => {
    host.containers.get("dating-db-1")!.running = false;
    host.containers.set("by-hand", { ...host.containers.get("dating-db-1")!, running: true, labels: {} });
    await refuses("start", /in use by by-hand.*docker stop by-hand/);
  });

  test("while both the original and the stack have the data: both are named", async () => {
    await run("start");
    approve.mockClear();
    host.containers.get("dating-db-1")!.running = true;
    await refuses("start", /docker stop dating-db-1 dating-prod-postgres/);
  });

  test("where the original does not run, and no adoption has stopped it", async () => {
    host.containers.get("dating-db-1")!.running = false;
    await refuses("start", /dating-db-1 does not run, and neither does anything else on its data/);
  });

  test("where the stack adopts another project", async () => {
    await run("start");
    approve.mockClear();
    const note = host.volumes.get("dating-prod-adoption")!;
    note["dating.adoption"] = note["dating.adoption"]!.replace('"dating"', '"other"');
    await refuses("start", /has begun to adopt other.*--project other/);
  });

  test("where the original runs when its containers are to be removed", async () => {
    await run("start");
    approve.mockClear();
    host.containers.get("dating-bot-1")!.running = true;
    await refuses("finish", /dating-bot-1 of dating runs.*docker stop dating-bot-1/);
  });
});

test("the way back starts nothing beside another server on the data", async () => {
  await run("start");
  host.add("by-hand", { volumes: ["dating_postgres_data"], labels: {} });
  await expect(run("back")).rejects.toThrow("in use by by-hand");
  expect(host.changes).toEqual([]);
});

test.each(["stop dating-db-1", "volume create dating-prod-adoption-prepared"])(
  "an adoption beside which somebody starts the original again (after %s) lets that run",
  async (after) => {
    host.meanwhile = [after, () => (host.containers.get("dating-db-1")!.running = true)];
    await expect(run("start")).rejects.toThrow("in use by dating-db-1");
    expectUntouched();
  },
);

test.each(["without dating-prod-postgres", "give back"])(
  "the way back beside which somebody starts a server (after %s) starts none",
  async (after) => {
    await run("start");
    const server = { ...host.containers.get("dating-db-1")!, running: true, labels: {} };
    host.meanwhile = [after, () => host.containers.set("by-hand", server)];
    await expect(run("back")).rejects.toThrow("in use by by-hand");
    expect(host.two).toBe(false);
    expect(host.original["dating-db-1"]).toMatch("stopped");
  },
);

test("the way back names what ran before and is gone", async () => {
  await run("start");
  host.containers.delete("dating-bot-1");
  await expect(run("back")).rejects.toThrow("dating-bot-1 ran before and is gone");
  expect(host.changes).toEqual([]);
});

test("Docker without an answer is never taken for nothing there", async () => {
  await run("start");
  for (const name of ["start", "back", "finish"] as const) {
    for (let silentAt = 1; silentAt <= 4; silentAt++) {
      host.begin({ silentAt });
      await expect(commands[name]()).rejects.toThrow("connection reset");
      expect(host.changes).toEqual([]);
    }
  }
});

test("the end asks, removes what was adopted, and goes on where it was killed", async () => {
  approve.mockClear();
  await atEachStep(["start"], "finish", async () => {
    if (Object.keys(host.original).length > 0) await run("finish");
    expect(host).toMatchObject({ original: {}, others: [] });
    expect(host.stack).toHaveLength(2);
  });
  expect(approve).toHaveBeenCalled();
});
