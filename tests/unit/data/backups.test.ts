import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { readPart, writeArchive } from "../../../ops/backups/archives/archive";
import { FolderStore } from "../../../ops/backups/archives/folder";
import { isInCheckout, ownPlace } from "../../../ops/backups/archives/place";
import { S3Store } from "../../../ops/backups/archives/s3";
import {
  archiveName,
  differences,
  format,
  parseManifest,
  type Manifest,
} from "../../../ops/backups/archives/manifest";

const name = "20261123T210000Z";
const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // of "abc"
const manifest: Manifest = {
  ...{ format, version: 1, name, stack: "prod", createdAt: "2026-11-23T21:00:00Z" },
  parts: [{ kind: "volume", file: "photos.tar.zst", bytes: 3, sha256, volume: "photos", entries: 1 }],
};

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "backups-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const write = (content: Readable) =>
  writeArchive(new FolderStore(folder, "prod"), name, async (writer) => {
    await writer.write("photos.tar.zst", content);
    return manifest;
  });

async function readAll(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

test("an archive is there when it is complete, and not before", async () => {
  await write(Readable.from(["a", "bc"]));
  const store = new FolderStore(folder, "prod");
  expect(await store.names()).toEqual([name]);
  expect(await store.manifest(name)).toEqual(manifest);
  expect(await readAll(readPart(store, name, manifest.parts[0]!, "part"))).toBe("abc");
});

test("an archive whose source fails leaves nothing", async () => {
  const failing = Readable.from(
    (async function* () {
      yield await Promise.resolve("a");
      throw new Error("the dump failed");
    })(),
  );
  await expect(write(failing)).rejects.toThrow("the dump failed");
  expect(readdirSync(join(folder, "prod"))).toEqual([]);
});

describe("what an interrupted run has left", () => {
  let told: jest.SpyInstance;
  beforeEach(() => (told = jest.spyOn(console, "error").mockImplementation(() => undefined)));
  afterEach(() => told.mockRestore());
  const left = (holder: string) => {
    const path = join(folder, "prod", `.partial-${name}.${holder}`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "photos.tar.zst"), "a");
  };

  test("is removed by the next run of the same machine, and the same archive is made", async () => {
    left(`${spawnSync("true").pid}@${hostname()}`);
    await write(Readable.from(["abc"]));
    expect(readdirSync(join(folder, "prod"))).toEqual([name]);
    expect(told).toHaveBeenCalledWith(expect.stringContaining("which an interrupted backup had left"));
  });

  test.each([
    ["by a run that goes on", `${process.ppid}@${hostname()}`, []],
    ["on another machine", "1@other.example.com", [expect.stringContaining("runs on other.example.com")]],
  ])("%s stays", async (_, holder, words) => {
    left(holder);
    await write(Readable.from(["abc"]));
    expect(readdirSync(join(folder, "prod"))).toEqual([`.partial-${name}.${holder}`, name]);
    expect(told.mock.calls.flat()).toEqual(words);
  });
});

test("of two runs that write one archive, the second is told, and the first one's stays", async () => {
  const store = new FolderStore(folder, "prod");
  const second = await store.begin(name);
  await second.write("photos.tar.zst", Readable.from(["xyz"]));
  await write(Readable.from(["abc"]));
  await expect(second.commit(manifest)).rejects.toThrow("is there already");
  await second.abort();
  expect(await readAll(await store.read(name, "photos.tar.zst"))).toBe("abc");
  expect(readdirSync(join(folder, "prod"))).toEqual([name]);
});

describe("the region of an S3 store", () => {
  const before = { ...process.env };
  afterEach(() => (process.env = before));
  const region = (environment: Record<string, string>) => {
    const own = Object.entries(before).filter(([key]) => !key.startsWith("AWS_"));
    process.env = { ...Object.fromEntries(own), AWS_CONFIG_FILE: join(folder, "config"), ...environment };
    const store = new S3Store("s3://bucket", "prod") as unknown as {
      client: { config: { region(): Promise<string> } };
    };
    return store.client.config.region();
  };
  beforeEach(() => writeFileSync(join(folder, "config"), "[profile x]\nregion = eu-central-1\n"));

  test.each<[string, Record<string, string>, string]>([
    ["the profile's", { AWS_PROFILE: "x" }, "eu-central-1"],
    ["AWS_REGION", { AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "eu-west-2" }, "eu-west-1"],
    ["AWS_DEFAULT_REGION", { AWS_DEFAULT_REGION: "eu-west-2" }, "eu-west-2"],
    [
      "none that matters, where the store is not Amazon's",
      { AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
      "us-east-1",
    ],
  ])("is %s", async (_, environment, expected) => expect(await region(environment)).toBe(expected));

  test("is asked for where Amazon's store is meant and nobody has named one", () =>
    expect(region({})).rejects.toThrow("set AWS_REGION, or region in the profile"));
});

test.each([
  ["ab", "2 bytes instead of 3"],
  ["abd", "its SHA-256 is another one"],
])("a part that reads %j fails at its end: %s", async (content, reason) => {
  await write(Readable.from([content]));
  const part = readPart(new FolderStore(folder, "prod"), name, manifest.parts[0]!, "part");
  await expect(readAll(part)).rejects.toThrow(reason);
});

test.each<[string, string]>([
  ["{", "its manifest is not JSON"],
  ["null", "is not an archive of this project"],
  [JSON.stringify({ ...manifest, format: "tar" }), "is not an archive of this project"],
  [JSON.stringify({ ...manifest, version: 2 }), "use a newer one"],
  [JSON.stringify({ ...manifest, parts: [] }), "parts"],
  [
    JSON.stringify({ ...manifest, parts: [{ ...manifest.parts[0], file: "../../etc/passwd" }] }),
    "parts.0.file",
  ],
])("the manifest %j is refused", (text, reason) => {
  expect(() => parseManifest(text, "archive")).toThrow(reason);
});

test("archives sort by the time of their making", () => {
  expect(archiveName(new Date("2026-11-23T21:15:50.123Z"))).toBe("20261123T211550Z");
});

test("a difference is told by table", () => {
  const counted = { a: { rows: 1, digest: "1" }, b: { rows: 2, digest: "2" }, c: { rows: 3, digest: "3" } };
  expect(differences(counted, counted)).toEqual([]);
  expect(
    differences(counted, { a: { rows: 2, digest: "1" }, b: { rows: 2, digest: "0" }, d: counted.c }),
  ).toEqual([
    "a: 1 rows expected, 2 found",
    "b: other content in the same number of rows",
    "c: is missing",
    "d: is not in the archive's manifest",
  ]);
});

describe("the place of archives", () => {
  test.each([
    ["/home/ana/dating/backups", true],
    ["/home/ana/dating", true],
    ["/home/ana/dating/..backups", true],
    ["/home/ana/dating-backups", false],
    ["/home/ana", false],
    ["s3://safe/home/ana/dating", false],
  ])("%s: whether it is in the checkout is %s", (place, inside) => {
    expect(isInCheckout(place, "/home/ana/dating")).toBe(inside);
  });

  test("is beside the state of this user, where none is named", () => {
    expect(ownPlace({ XDG_STATE_HOME: "/srv/state" })).toBe("/srv/state/dating-mini-app/backups");
    expect(ownPlace({})).toBe(join(homedir(), ".local/state/dating-mini-app/backups"));
  });
});
