import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { stateFolder } from "../../../ops/stack/local-state";
import { lockHolders, mayRun } from "../../../ops/recovery/lock";
import { mendState } from "../../../ops/recovery/mend";

let folder: string;
let backend: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-state-"));
  backend = `file://${folder}?metadata=skip`;
});
afterEach(() => rmSync(folder, { recursive: true }));

const stacks = ".pulumi/stacks/dating";
const locks = ".pulumi/locks/organization/dating/prod";
function write(file: string, text: string): string {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe("the folder of a local backend", () => {
  test.each([
    ["file:///srv/state", "/srv/state"],
    ["file:///srv/state?metadata=skip", "/srv/state"],
    ["file://~/state", join(process.env.HOME!, "state")],
    ["s3://bucket", undefined],
    ["https://api.pulumi.com", undefined],
    ["", undefined],
  ])("of %j is %j", (url, expected) => expect(stateFolder(url)).toBe(expected));
});

describe("the lock of a stack", () => {
  const holder = {
    pid: process.pid,
    username: "ann",
    hostname: hostname(),
    timestamp: "2026-11-20T10:00:00Z",
  };

  test("is read with its holder, also beside options of the backend", () => {
    write(`${locks}/one.json`, JSON.stringify(holder));
    expect(lockHolders("prod", backend)).toEqual([holder]);
    expect(lockHolders("staging", backend)).toEqual([]);
  });

  test("is held by whoever runs, and by whom nobody here can ask", () => {
    expect(mayRun(holder)).toBe(true);
    // Above the highest process id of Linux, 2^22.
    expect(mayRun({ ...holder, pid: 2 ** 22 + 1 })).toBe(false);
    expect(mayRun({ ...holder, pid: 2 ** 22 + 1, hostname: "elsewhere" })).toBe(true);
  });
});

describe("a state in a local backend", () => {
  test("that is whole is left alone", () => {
    const files = [
      write(`${stacks}/prod.json`, "{}"),
      write(`${stacks}/prod.json.bak`, "{}"),
      write(`${stacks}/prod.json.attrs`, "{}"),
      write(`${locks}/one.json`, "{}"),
      write(`${stacks}/other.json.attrs`, ""),
    ];
    expect(mendState("prod", backend)).toEqual([]);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  test("loses checksums and locks that were not written to their end", () => {
    write(`${stacks}/prod.json`, "{}");
    const files = [
      write(`${stacks}/prod.json.attrs`, ""),
      write(`${stacks}/prod.json.bak.attrs`, '{"user.cache'),
      write(`${locks}/one.json`, '{"pid": 12'),
      write(`${locks}/one.json.attrs`, ""),
    ];
    expect(mendState("prod", backend).sort()).toEqual(
      files.map((file) => `Removed a file that was not written to its end: ${file}`).sort(),
    );
    expect(files.filter((file) => existsSync(file))).toEqual([]);
    expect(lockHolders("prod", backend)).toEqual([]);
  });

  test("that is half-written gives way to the one before it, and is kept", () => {
    const state = write(`${stacks}/prod.json`, '{"version": 3, "check');
    write(`${stacks}/prod.json.bak`, '{"version":3}');
    expect(mendState("prod", backend)).toEqual([
      expect.stringContaining(`kept the broken one as ${state}.broken`),
    ]);
    expect(readFileSync(state, "utf8")).toBe('{"version":3}');
    expect(readFileSync(`${state}.broken`, "utf8")).toBe('{"version": 3, "check');
  });

  test.each([undefined, ""])(
    "with nothing to go back to (%j) is left as it is, and its history named",
    (text) => {
      const state = write(`${stacks}/prod.json`, "");
      if (text !== undefined) write(`${stacks}/prod.json.bak`, text);
      expect(() => mendState("prod", backend)).toThrow(
        /neither the state .*prod\.json nor .*history\/dating\/prod/,
      );
      expect(readFileSync(state, "utf8")).toBe("");
    },
  );

  test("of another backend is not looked for", () => {
    expect(mendState("prod", "s3://bucket")).toEqual([]);
  });
});
