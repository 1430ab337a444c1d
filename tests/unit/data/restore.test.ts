import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { knownRevisions } from "../../../images/revisions";
import { writeArchive } from "../../../ops/backups/archives/archive";
import { FolderStore } from "../../../ops/backups/archives/folder";
import type { StackHooks } from "../../../ops/backups/hooks";
import { deleteKept, describeLeft } from "../../../ops/backups/exchange/kept";
import { look } from "../../../ops/backups/exchange/look";
import { format, type Manifest } from "../../../ops/backups/archives/manifest";
import { findMark } from "../../../ops/backups/exchange/mark";
import { Meter } from "../../../ops/backups/archives/progress";
import { checkRestore, clearUp, restoreArchive } from "../../../ops/backups/restore";
import { undo } from "../../../ops/backups/exchange/undo";
import type { Drift } from "../../../ops/drift/drift";
import { fixDrift } from "../../../ops/drift/fix";
import { FakeRestoreHost, type Accidents } from "../support/fake-restore-host";

let folder: string;
let store: FolderStore;
let manifest: Manifest;
let host: FakeRestoreHost;
let told: string;
/** What the hooks were called for. */
let hooked: string[];
/** A container that does not get healthy. */
let sick: string | undefined;

const volumes = ["photo_storage", "traefik_certs"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "restore-"));
  store = new FolderStore(folder, "prod");
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
  manifest = await archive("20261129T030000Z", "archived");
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  host = new FakeRestoreHost();
  told = "";
  hooked = [];
  sick = undefined;
  const take = (text: unknown = "") => void (told += `${String(text)}\n`);
  jest.spyOn(console, "log").mockImplementation(take);
  jest.spyOn(console, "error").mockImplementation(take);
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => jest.restoreAllMocks());

/** Makes an archive of the database and two volumes, or of others, whose contents are one word. */
async function archive(name: string, word: string, parts = ["database", ...volumes]): Promise<Manifest> {
  await writeArchive(store, name, async (writer) => {
    const write = async (file: string) => {
      const meter = new Meter(file);
      await writer.write(file, Readable.from([word]).pipe(meter));
      return { file, bytes: meter.bytes, sha256: meter.sha256() };
    };
    const made: Manifest["parts"] = [];
    for (const part of parts)
      if (part === "database")
        made.push({
          ...{ kind: "database", ...(await write("database.dump")), database: "dating", server: "17.2" },
          ...{ databaseBytes: 1000, encoding: "UTF8", collate: "C", ctype: "C", roles: [] },
          ...{ revision: knownRevisions()[0]!, tables: { "public.users": { rows: 1, digest: word } } },
        });
      else
        made.push({
          ...{ kind: "volume", ...(await write(`${part}.tar.zst`)), volume: part },
          ...{ entries: 5, unpackedBytes: 20_000 },
        });
    return { format, version: 1, name, stack: "prod", createdAt: "2026-11-29T03:00:00Z", parts: made };
  });
  return store.manifest(name);
}

const hooks: StackHooks = {
  migrate: (database) => void hooked.push(`migrate ${database}`),
  provisionRoles: () => void hooked.push("provisionRoles"),
  awaitHealthy: (container) => {
    hooked.push(`healthy ${container}`);
    if (container === sick) throw new Error(`${container} did not become healthy`);
  },
};

async function restore(which = manifest): Promise<void> {
  const { target } = host;
  const { seen } = await clearUp(target, hooks);
  await checkRestore(target, store, which, seen);
  await restoreArchive(target, hooks, store, which, seen.beside);
}
const goBack = (id?: string) => undo(host.target, hooks, id, () => Promise.resolve());

/** What is in use: one word, where the database and the volumes are of one time. */
const inUse = () => [
  ...new Set([host.databases.dating?.word, ...volumes.map((volume) => host.volumes[volume]!.inUse)]),
];
const running = () => Object.values(host.services).filter((service) => service.running).length;
const state = () => ({ inUse: inUse(), running: running(), marked: host.mark !== undefined });
const up = (word: string) => ({ inUse: [word], running: 3, marked: false });
/** What lies beside what is in use, without the times. */
const beside = () =>
  [
    ...Object.keys(host.databases).filter((name) => name !== "dating"),
    ...volumes.flatMap((volume) => host.volumes[volume]!.sets.map(({ name }) => `${volume} ${name}`)),
  ].map((name) => name.replace(/\d{14}/, "TIME"));
const kept = ["dating_before_TIME", "photo_storage TIME", "traefik_certs TIME"];

/** Runs a command to its end, or to its death. @returns what went wrong */
async function withAccident(accidents: Accidents, command: () => Promise<unknown>): Promise<unknown> {
  host.calls.length = 0;
  host.accidents = accidents;
  try {
    await command();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    host.accidents = {};
  }
}

/** The calls of Docker that a command takes, on a host of its own. */
async function lengthOf(command: () => Promise<unknown>, before?: () => Promise<unknown>): Promise<number> {
  await before?.();
  host.calls.length = 0;
  await command();
  const calls = host.calls.length;
  expect(calls).toBeGreaterThan(12);
  host = new FakeRestoreHost();
  return calls;
}

/** Nothing that runs uses data of two times, and both are there. */
function expectNothingLost(words = ["archived", "present"]): void {
  const { bot, edge } = host.services;
  if (bot!.running || edge!.running) expect(inUse()).toHaveLength(1);
  const databases = Object.values(host.databases).map(({ word }) => word);
  expect(databases).toContain("present");
  for (const volume of volumes) {
    const { inUse: used, sets } = host.volumes[volume]!;
    const there = [used, ...sets.map(({ word }) => word)];
    expect(there).toContain("present");
    if (inUse().includes("archived")) expect(there).toEqual(expect.arrayContaining(words));
  }
}

test("a restore stages everything, lets it change places in one stop, and keeps what was there", async () => {
  await restore();
  expect(state()).toEqual(up("archived"));
  expect(beside()).toEqual(kept);
  expect(hooked).toEqual(["migrate dating_restore", "healthy bot", "healthy edge"]);
  const stop = host.calls.indexOf("stop bot edge");
  expect(host.calls.slice(0, stop)).toEqual(expect.arrayContaining(["run unpack", "exec pg_restore"]));
  expect(host.calls.slice(stop + 1)).toEqual([
    ...["exec psql", "exec psql", "run exchange", "ps --all --format {{.Names}}"],
    ...["start bot edge", "rm --force dating-prod-restore"],
  ]);
});

test("an undo brings all of it back, migrated first, and another one the restored again", async () => {
  await restore();
  hooked = [];
  await goBack();
  expect(state()).toEqual(up("present"));
  expect(hooked[0]).toMatch(/^migrate dating_before_\d{14}$/);
  expect(beside()).toEqual(kept);
  await goBack();
  expect(state()).toEqual(up("archived"));
});

test("an undo says what it brings back, and changes nothing where that is not wanted", async () => {
  await restore();
  let asked: string[] = [];
  const refused = undo(host.target, hooks, undefined, (lines) => {
    asked = lines;
    return Promise.reject(new Error("no"));
  });
  await expect(refused).rejects.toThrow("no");
  expect(asked.join("\n")).toMatch(
    /^\d{14}: database, photo_storage, traefik_certs, replaced \d+ seconds? ago by the restore of 20261129T030000Z\n.*revision 001\w*, 1\.0 kB$/,
  );
  expect(inUse()).toEqual(["archived"]);
});

test("what several restores have replaced is kept: each can be brought back, and all of it deleted", async () => {
  await restore();
  await restore(await archive("20261129T040000Z", "later"));
  expect(inUse()).toEqual(["later"]);
  const [first] = host.volumes.photo_storage!.sets.map(({ name }) => name);
  await goBack(first);
  expect(state()).toEqual(up("present"));
  await deleteKept(host.target, await look(host.target));
  expect(inUse()).toEqual(["present"]);
  expect(beside()).toEqual([]);
  await expect(goBack()).rejects.toThrow("keeps nothing that a restore has replaced");
});

test("of what was replaced, a part is not brought back without the others", async () => {
  await restore();
  delete host.databases[Object.keys(host.databases).find((name) => name.includes("_before_"))!];
  await expect(goBack()).rejects.toThrow(/database is not there any more[^]*--finish/);
  expect(inUse()).toEqual(["archived"]);
});

test.each<[string, (given: Manifest) => void, RegExp]>([
  [
    "too little room for volumes and database together",
    ({ parts }) => parts.forEach((part) => Object.assign(part, { unpackedBytes: 2e9, databaseBytes: 2e9 })),
    /too little room: about 6\.8 GB are needed on the disk of photo_storage, traefik_certs, postgres_data, and 4\.1 GB/,
  ],
  [
    "too many files",
    ({ parts }) => Object.assign(parts[1]!, { entries: 1001 }),
    /1006 files are needed on the disk of photo_storage, traefik_certs/,
  ],
  [
    "too little room, by an archive that does not tell its volumes' size",
    ({ parts }) =>
      parts.forEach((part) => Object.assign(part, { unpackedBytes: undefined, databaseBytes: 1e18 })),
    /too little room/,
  ],
  [
    "the database twice",
    ({ parts }) => Object.assign(parts[1]!, { volume: "postgres_data" }),
    /--only database traefik_certs, or --only postgres_data traefik_certs/,
  ],
  [
    "a volume that is not on the host",
    () => delete host.volumes.traefik_certs,
    /prod-traefik_certs is not on the Docker host/,
  ],
])("an archive is refused before anything is touched: %s", async (_, spoil, reason) => {
  const given = structuredClone(manifest);
  spoil(given);
  await expect(restore(given)).rejects.toThrow(reason);
  const changes = host.calls.filter((call) =>
    /^(stop|create|run (unpack|exchange)|exec pg_restore)/.test(call),
  );
  expect(changes).toEqual([]);
});

describe.each<[string, () => Promise<unknown>, string]>([
  ["another", () => restore(), "archived"],
  ["an undo", () => goBack(), "present"],
])("a restore that is killed is ended by %s, with nothing lost", (_, next, word) => {
  test("whichever call of Docker was its last", async () => {
    const calls = await lengthOf(() => restore());
    const seen = new Set<string>();
    for (let call = 1; call < calls; call++) {
      host = new FakeRestoreHost();
      await withAccident({ killedAfter: call }, () => restore());
      expect(host.dead).toBe(true);
      expectNothingLost();
      seen.add(running() < 3 ? "stopped" : inUse().join());
      const left = beside().length > 0;
      host.revive();
      // Before anything is staged there is nothing to undo, and it says so.
      if (word === "present" && !left) await expect(next()).rejects.toThrow("keeps nothing");
      else await next();
      expect({ call, ...state() }).toEqual({ call, ...up(word) });
      expectNothingLost(["present"]);
      expect(beside().filter((each) => !kept.includes(each))).toEqual([]);
    }
    expect([...seen].sort()).toEqual(["archived", "present", "stopped"]);
  });

  test("when the power was cut between two volumes", async () => {
    await withAccident({ powerCutAfterVolume: 1 }, () => restore());
    expectNothingLost();
    expect(state()).toEqual({ inUse: ["archived", "present"], running: 1, marked: true });
    host.revive();
    await next();
    expect(told).toContain("The restore of 20261129T030000Z was interrupted while things changed places.");
    expect(state()).toEqual(up(word));
  });

  test("when somebody has removed its mark and started the services meanwhile", async () => {
    await withAccident({ powerCutAfterVolume: 0 }, () => restore());
    host.mark = undefined;
    host.services.bot!.running = true;
    host.revive();
    await next();
    expect(inUse()).toEqual([word]);
    expect(host.services.bot!.running).toBe(true);
  });
});

test("an undo that is killed is ended by the next, whichever call of Docker was its last", async () => {
  const calls = await lengthOf(() => goBack(), restore);
  for (let call = 1; call < calls; call++) {
    host = new FakeRestoreHost();
    await restore();
    await withAccident({ killedAfter: call }, () => goBack());
    expect(host.dead).toBe(true);
    expectNothingLost();
    host.revive();
    await goBack();
    expect({ call, ...state() }).toEqual({ call, ...up("present") });
  }
});

test("a restore that was killed before anything changed places is not undone by going further back", async () => {
  await restore();
  await withAccident({ killedAfter: 10 }, () => restore());
  host.revive();
  expect(await goBack()).toBeUndefined();
  expect(told).toMatch(/had changed nothing that is in use, so nothing is brought back\. .*undo prod TIME/);
  expect(state()).toEqual(up("archived"));
});

test("what an interrupted restore has left is told by whoever only looks", async () => {
  const lines = async () => {
    const { beside } = await look(host.target);
    return describeLeft("prod", beside, (await findMark(host.target))?.plan).join("\n");
  };
  expect(await lines()).toBe("");
  const calls = await lengthOf(() => restore());
  await withAccident({ killedAfter: 10 }, () => restore());
  host.revive();
  expect(await lines()).toMatch(
    /goes on, or was interrupted: staged is photo_storage[^]*restore prod --finish/,
  );
  host = new FakeRestoreHost();
  await withAccident({ powerCutAfterVolume: 1 }, () => restore());
  host.revive();
  expect(await lines()).toMatch(
    /interrupted while database, photo_storage, traefik_certs changed places[^]*undo prod/,
  );
  host = new FakeRestoreHost();
  await withAccident({ killedAfter: calls }, () => restore());
  host.revive();
  expect(await lines()).toMatch(/^Kept \d{14}: database, .*ago by the restore of[^]*undo prod[^]*--finish$/);
});

test("a container that still moves files is waited for before anybody looks, and one that only unpacks is removed", async () => {
  host.helpers = [
    { id: "moving", state: "running", step: "exchange" },
    { id: "never-started", state: "created", step: "exchange" },
    { id: "unpacking", state: "running", step: "unpack" },
  ];
  await clearUp(host.target, hooks);
  expect(host.calls.slice(1, 4)).toEqual(["wait moving", "rm --force never-started", "rm --force unpacking"]);
  expect(host.calls.indexOf("run look")).toBeGreaterThan(3);
});

test("what it has stopped is not started on half of the data by a repair", async () => {
  const run = jest.fn((args: string[]) =>
    Buffer.from(args.includes("label=dating.restore=dating-prod") ? "id" : ""),
  );
  const drift = { findings: [], resources: [], outOfReach: [], host: { run } } as unknown as Drift;
  const fixing = fixDrift("prod", drift, { approve: () => Promise.resolve() });
  await expect(fixing).rejects.toThrow(/changed places[^]*undo prod[^]*restore prod/);
  expect(run).toHaveBeenCalledTimes(1);
});

test("a signal ends what can be ended, and waits for the rest: whole, with the services up", async () => {
  const calls = await lengthOf(() => restore());
  const seen = new Set<string>();
  for (let call = 1; call <= calls; call++) {
    host = new FakeRestoreHost();
    const error = await withAccident({ signalAt: call }, () => restore());
    // Nobody listens before something is staged: the command ends at once, as when it is killed.
    if (!host.heard) continue;
    seen.add(error ? "taken back" : "finished");
    if (error)
      expect(error).toMatchObject({ exitCode: 143, message: "interrupted by SIGTERM. Nothing was changed." });
    expect({ call, ...state() }).toEqual({ call, ...up(error ? "present" : "archived") });
    expect(beside()).toEqual(error ? [] : kept);
  }
  expect([...seen].sort()).toEqual(["finished", "taken back"]);

  host = new FakeRestoreHost();
  await restore();
  const stop = host.calls.indexOf("stop bot edge") + 1;
  host = new FakeRestoreHost();
  expect(await withAccident({ signalAt: stop }, () => restore())).toBeDefined();
  expect(await withAccident({ signalAt: stop + 1 }, () => restore())).toBeUndefined();
  expect(process.listenerCount("SIGTERM")).toBe(0);
});

test.each<[string, keyof Accidents]>([
  ["does not do", "failsAt"],
  ["cannot say that it did", "unheardAt"],
])(
  "what Docker %s once leaves everything whole, and where that is in use, the way back is told",
  async (_, accident) => {
    const calls = await lengthOf(() => restore());
    for (let call = 1; call <= calls; call++) {
      host = new FakeRestoreHost();
      const error = await withAccident({ [accident]: call }, () => restore());
      expectNothingLost();
      if (!error) expect({ call, ...state() }).toEqual({ call, ...up("archived") });
      else if (inUse().join() !== "present" || running() < 3) {
        expect((error as Error).message).toContain("./dating backup undo prod");
        await goBack();
        expect({ call, ...state() }).toEqual({ call, ...up("present") });
      }
    }
  },
);

test("where Docker does not answer any more, what was stopped stays stopped, and it says how to go on", async () => {
  await restore();
  const call = host.calls.indexOf("run exchange") + 1;
  host = new FakeRestoreHost();
  const error = await withAccident({ failsFrom: call }, () => restore());
  expect((error as Error).message).toMatch(
    /connection reset by peer[^]*could not be put in order[^]*Nothing is lost[^]*undo prod[^]*restore prod/,
  );
  expect(state()).toEqual({ inUse: ["archived", "present"], running: 1, marked: true });
  host.services.postgres!.running = false;
  // In real life it answers later, or its container is started again.
  await expect(goBack()).rejects.toThrow("only the database knows how far it was");
  expect(running()).toBe(0);
  host.services.postgres!.running = true;
  await goBack();
  expect(state()).toEqual(up("present"));
});

describe("the files of a whole database server", () => {
  let cold: Manifest;
  beforeAll(async () => (cold = await archive("20261129T050000Z", "archived", ["postgres_data"])));

  test("get the passwords and the schema of today", async () => {
    await restore(cold);
    expect(host.volumes.postgres_data!.inUse).toBe("archived");
    expect(hooked).toEqual(["healthy postgres", "provisionRoles", "migrate dating"]);
    expect(running()).toBe(3);
  });

  test("get them from the next command, where that was killed before", async () => {
    jest.spyOn(hooks, "provisionRoles").mockImplementationOnce(() => {
      host.dead = true;
      throw new Error("killed");
    });
    await expect(restore(cold)).rejects.toThrow("killed");
    hooked = [];
    host.revive();
    await expect(goBack()).resolves.toBeDefined();
    expect(hooked.slice(0, 3)).toEqual(["healthy postgres", "provisionRoles", "migrate dating"]);
    expect(host.volumes.postgres_data!.inUse).toBe("present");
  });

  test("are taken out of use again where the server does not start on them", async () => {
    sick = "postgres";
    await expect(restore(cold)).rejects.toThrow(
      "postgres did not become healthy\nWhat was there is kept: ./dating backup undo prod",
    );
    sick = undefined;
    await goBack();
    expect(host.volumes.postgres_data!.inUse).toBe("present");
  });
});
