import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { askCli } from "../../../host/asking/cli";

let folder: string;
const path = process.env.PATH;

/** A Docker CLI that fails so many times, with these words, and then answers. */
function cli(times: number, words: string): void {
  const calls = join(folder, "calls");
  writeFileSync(calls, "");
  const script = `#!/bin/sh\necho call >>${calls}\n[ $(grep -c . ${calls}) -gt ${times} ] && { echo answer; exit 0; }\necho "${words}" >&2\nexit 1\n`;
  writeFileSync(join(folder, "docker"), script);
  chmodSync(join(folder, "docker"), 0o755);
}
const calls = () => readFileSync(join(folder, "calls"), "utf8").split("\n").length - 1;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-cli-"));
  process.env.PATH = `${folder}:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

test.each([
  "error during connect: read: connection reset by peer",
  "Cannot connect to the Docker daemon at x",
])("a question that did not reach the engine is asked again: %s", (words) => {
  cli(2, words);
  expect(askCli(["version"], undefined, 10)).toMatchObject({ status: 0, stdout: "answer\n" });
  expect(calls()).toBe(3);
});

test("an answer that is no good is one all the same", () => {
  cli(2, "Error response from daemon: client version 1.24 is too old");
  expect(askCli(["version"], undefined, 10)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("too old"),
  });
  expect(calls()).toBe(1);
});

test("an engine that stays away is asked four times", () => {
  cli(9, "error during connect: EOF");
  expect(askCli(["version"], undefined, 10)).toMatchObject({ status: 1 });
  expect(calls()).toBe(4);
});
