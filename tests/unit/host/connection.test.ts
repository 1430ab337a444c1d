import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readAnswers } from "../../../host/asking/answers";
import { ask, NoAnswer, parseAnswers } from "../../../host/asking/connection";

const withLength = (status: string, body: string) =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const inChunks = (...chunks: string[]) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks
    .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`)
    .join("")}0\r\n\r\n`;

describe("what the engine writes", () => {
  test("is taken apart by lengths and by chunks, also within a character", () => {
    const text = inChunks('{"a":"', "grün", '"}') + withLength("404 Not Found", '{"message":"ü"}');
    expect(parseAnswers(Buffer.from(text))).toEqual([
      { status: 200, body: '{"a":"grün"}' },
      { status: 404, body: '{"message":"ü"}' },
    ]);
  });

  test("and broke off counts as far as it is whole", () => {
    const text = Buffer.from(withLength("200 OK", "{}") + inChunks("{", "}"));
    for (let end = 0; end < text.length; end++) {
      expect(parseAnswers(text.subarray(0, end)).length).toBeLessThan(2);
    }
    expect(parseAnswers(text)).toHaveLength(2);
  });
});

describe("asking", () => {
  const path = process.env.PATH;
  let folder: string;

  /** Puts a `docker` there that runs a script; $calls counts its calls. */
  function cli(script: string): void {
    folder = mkdtempSync(join(tmpdir(), "dating-cli-"));
    const lines = [
      "#!/bin/sh",
      `cd ${folder}`,
      "echo $* $DOCKER_HOST >>calls",
      "calls=$(wc -l <calls)",
      script,
    ];
    writeFileSync(join(folder, "docker"), lines.join("\n"));
    chmodSync(join(folder, "docker"), 0o755);
    process.env.PATH = `${folder}:${path}`;
  }
  const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  /** Reads until the last question has come, as the engine does, and answers with what is in a file. */
  const engine = "while read -r line; do case $line in *close*) break;; esac; done; cat answers";

  test("takes one connection for all questions", () => {
    cli(engine);
    writeFileSync(join(folder, "answers"), withLength("200 OK", "1") + inChunks("2"));
    expect(ask(["/version", "/info"], "ssh://host")).toEqual([
      { status: 200, body: "1" },
      { status: 200, body: "2" },
    ]);
    expect(calls()).toEqual(["system dial-stdio ssh://host"]);
  });

  test("is tried once more when the connection breaks", () => {
    cli(`if test $calls -eq 1; then echo reset >&2; exit 1; fi; ${engine}`);
    writeFileSync(join(folder, "answers"), withLength("200 OK", "1"));
    expect(ask(["/version"], undefined)).toEqual([{ status: 200, body: "1" }]);
    expect(calls()).toHaveLength(2);
  });

  test("fails with the CLI's own words, and says nothing of what is there", () => {
    cli("echo 'Host key verification failed.' >&2; exit 255");
    expect(() => ask(["/version"], "ssh://host")).toThrow(new NoAnswer("Host key verification failed."));
  });
});

describe("answers", () => {
  const fine = ["{}", "{}", "[]", "[]", '{"Volumes":null}'].map((body) => ({ status: 200, body }));

  test("name the images that are there; 404 is the only word for one that is not", () => {
    const there = { status: 200, body: '{"Id":"sha256:1","Architecture":"amd64"}' };
    const { images } = readAnswers(["one", "two"], [...fine, there, { status: 404, body: "{}" }], 0);
    expect([...images.keys()]).toEqual(["one"]);
    const failed = { status: 500, body: '{"message":"context canceled"}' };
    expect(() => readAnswers(["one"], [...fine, failed], 0)).toThrow(NoAnswer);
  });

  test("with an error are none", () => {
    const failed = { status: 500, body: '{"message":"driver failed"}' };
    expect(() => readAnswers([], [fine[0]!, failed, ...fine.slice(2)], 0)).toThrow(
      "GET /info: 500 driver failed",
    );
  });
});
