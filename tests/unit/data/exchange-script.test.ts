import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exchangeScript } from "../../../ops/backups/exchange/script";

// A busy machine takes seconds to start a process.
jest.setTimeout(120_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "volumes-"));
  writeFileSync(join(folder, "mv"), rename, { mode: 0o755 });
  mkdirSync(join(folder, "volumes"));
  for (const volume of ["photos", "certs"]) fill(join(folder, "volumes", volume), "present");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Renames, and at one time what runs it is killed: before that, or after it where the number is negative. */
const rename = `#!/bin/sh
echo >>"$RENAMES"
count=$(grep -c '' "$RENAMES")
[ $count != "$CUT_AT" ] || { kill -9 $PPID; exit 1; }
/bin/mv "$@" || exit 1
[ -$count != "$CUT_AT" ] || kill -9 $PPID
`;

function fill(place: string, word: string): void {
  mkdirSync(join(place, "sub"), { recursive: true });
  for (const file of ["a file", ".hidden", `only ${word}`, "sub/deep"])
    writeFileSync(join(place, file), word);
  chmodSync(place, word === "present" ? 0o750 : 0o711);
  execFileSync("touch", [
    "--date",
    word === "present" ? "2024-02-29 01:02:03.5" : "2023-01-01 00:00:00.25",
    place,
  ]);
}

/** Runs the script on both volumes, with stand-ins for what a deploying machine may lack. */
function run(words: string[], { input = "", cutAt = 0 }: { input?: Buffer | string; cutAt?: number } = {}) {
  const stubs = "zstd() { cat; }; sync() { :; }";
  const script = exchangeScript.replace("cd /volumes", `cd ${join(folder, "volumes")}`);
  const result = spawnSync("bash", ["--norc", "-c", `${stubs}\n${script}`, "-", ...words], {
    env: {
      ...{ PATH: `${folder}:${process.env.PATH}`, LC_ALL: "C" },
      ...{ RENAMES: join(folder, "renames"), CUT_AT: String(cutAt) },
    },
    input,
  });
  rmSync(join(folder, "renames"), { force: true });
  return { status: result.status, said: String(result.stderr), printed: String(result.stdout).trim() };
}

function archive(word = "archived"): Buffer {
  const source = mkdtempSync(join(folder, "source-"));
  fill(source, word);
  return execFileSync("tar", ["--create", "--directory", source, "."]);
}

const id = "20261130000000";
const unpack = (volume: string, entries = 6) =>
  run(["unpack", volume, String(entries), `new-${id}`], { input: archive() });
const exchange = (plan: string, to: string, coming: string, cutAt?: number) =>
  run(["exchange", plan, to, coming], { cutAt });

/** Everything in a volume but what lies beside, with its permissions and times. */
const content = (volume: string) =>
  execFileSync(
    "sh",
    [
      "-c",
      `cd "$1" && find . -path ./.restore -prune -o \\( -name . -printf '. %m %T+\\n' -o -printf '%p %m\\n' \\) | sort; cat "a file" sub/deep`,
      "-",
      join(folder, "volumes", volume),
    ],
    { encoding: "utf8" },
  );
const sets = (volume: string) =>
  run(["look"])
    .printed.split("\n")
    .filter((line) => line.startsWith(`set ${volume} `))
    .map((line) => line.split(" ").slice(2).join(" "));

test("what is unpacked lies beside, and changes nothing that is in use, nor its times", () => {
  const before = content("photos");
  expect(unpack("photos")).toMatchObject({ status: 0 });
  expect(content("photos")).toBe(before);
  expect(sets("photos")).toEqual([`new-${id}`]);
  run(["remove"]);
  expect(content("photos")).toBe(before);
  expect(execFileSync("ls", ["-A", join(folder, "volumes/photos")], { encoding: "utf8" })).not.toContain(
    ".restore",
  );
});

test("what is not all there does not count as unpacked", () => {
  expect(unpack("photos", 7)).toMatchObject({ status: 1, said: "photos: 7 files expected, 6 unpacked\n" });
  expect(sets("photos")).toEqual(["part"]);
});

test("files of another version of Postgres do not count as unpacked", () => {
  writeFileSync(join(folder, "volumes/photos/PG_VERSION"), "17");
  expect(unpack("photos").said).toContain("the stack's files are of Postgres 17, and the archive's are not");
});

test("an exchange there and back brings back every entry, with the root's permissions and time", () => {
  const before = content("photos");
  unpack("photos");
  unpack("certs");
  expect(exchange("{}", id, `new-${id}`)).toMatchObject({ status: 0, said: "" });
  expect(content("photos")).toMatch(/^\. 711 2023-01-01[^]*only archived[^]*archivedarchived$/);
  expect(sets("photos")).toEqual([`${id} {}`]);
  expect(run(["size", id]).printed).toMatch(/^\d{4,}$/);
  expect(exchange("{}", "20261130000001", id)).toMatchObject({ status: 0, said: "" });
  expect(content("photos")).toBe(before);
  run(["remove", "20261130000001"]);
  expect(content("photos")).toBe(before);
  expect(sets("photos")).toEqual([]);
});

test("an exchange whose set is missing touches nothing", () => {
  const before = content("certs");
  unpack("certs");
  expect(exchange("{}", id, "new-20251130000000")).toMatchObject({
    ...{ status: 1, said: "certs has no new-20251130000000 to put in place\n" },
  });
  expect(content("certs")).toBe(before);
});

test.each([
  ["before", 1],
  ["after", -1],
])("an exchange that is killed %s any rename is gone on with by the same command", (_, sign) => {
  rmSync(join(folder, "volumes/certs"), { recursive: true });
  const set = (number: number) => `202611300000${10 + number}`;
  const contents = [content("photos")];
  run(["unpack", "photos", "6", set(0)], { input: archive() });
  exchange("{}", set(1), set(0));
  contents.push(content("photos"));
  let renames = 0;
  for (;;) {
    renames++;
    const cut = exchange("{}", set(renames + 1), set(renames), sign * renames);
    if (cut.status === 0) break;
    expect(exchange("{}", set(renames + 1), set(renames))).toMatchObject({ status: 0, said: "" });
    expect(content("photos")).toBe(contents[(renames + 1) % 2]);
    expect(sets("photos")).toEqual([`${set(renames + 1)} {}`]);
  }
  // It has begun, what was in use is out, all of it is, what comes is in, what it came from is gone, and the end.
  expect(renames).toBe(6 + 1);
});
