import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the Docker Engine answers to one question. */
export interface Answer {
  /** HTTP status. */
  status: number;
  body: string;
}

/** The Docker host could not be asked, which says nothing about what is there. The message is the Docker CLI's. */
export class NoAnswer extends Error {}

/** Seconds after which an engine that does not answer is given up; a login over SSH takes a few. */
const patience = 30;

/** Milliseconds before the one retry: a reset connection, or an engine that is being restarted by its supervisor. */
const pause = 500;

/**
 * Asks the Docker Engine's API a list of questions, all over one connection. The Docker CLI opens it, as it knows contexts,
 * TLS and SSH: over SSH that is one login, and everywhere one start of the CLI, which is most of what a question takes.
 *
 * It waits for the answers: nothing of a deploy may begin before they are there.
 *
 * @param paths paths of the API without a version: the engine's newest, which every engine serves
 * @param dockerHost the engine's address; default: the one that the Docker CLI uses
 * @throws NoAnswer when the engine could not be asked, nor half a second later
 */
export function ask(paths: readonly string[], dockerHost: string | undefined): Answer[] {
  try {
    return askOnce(paths, dockerHost);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    return askOnce(paths, dockerHost);
  }
}

function askOnce(paths: readonly string[], dockerHost: string | undefined): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), "dating-look-"));
  try {
    const questions = openPipe(join(folder, "questions"));
    try {
      writeSync(questions, requests(paths));
      const { error, signal, stderr, stdout } = spawnSync("docker", ["system", "dial-stdio"], {
        stdio: [questions, "pipe", "pipe"],
        env: { ...process.env, ...(dockerHost && { DOCKER_HOST: dockerHost }) },
        timeout: patience * 1000,
        maxBuffer: 256 * 1024 * 1024,
      });
      if (signal) throw new NoAnswer(`no answer within ${patience} seconds`);
      const answers = parseAnswers(stdout ?? Buffer.alloc(0));
      if (answers.length < paths.length) {
        const reason = error?.message ?? stderr.toString().trim();
        throw new NoAnswer(reason === "" ? "the connection was closed" : reason);
      }
      return answers;
    } finally {
      closeSync(questions);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A pipe whose end never comes: the CLI would hand on the end of its input as a closed connection, and the engine drops
 * what it is working on when the asker has gone.
 */
function openPipe(path: string): number {
  execFileSync("mkfifo", ["-m", "600", path]);
  return openSync(path, "r+");
}

/** All questions at once, as HTTP/1.1 allows. After the last, the engine closes the connection. */
function requests(paths: readonly string[]): string {
  const lines = (path: string, last: boolean) =>
    ["GET " + path + " HTTP/1.1", "Host: docker", ...(last ? ["Connection: close"] : []), "", ""].join(
      "\r\n",
    );
  return paths.map((path, index) => lines(path, index === paths.length - 1)).join("");
}

/** Takes apart what the engine wrote: answers one after the other, each with a length or in chunks. Exported for its test. */
export function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end === -1) break;
    const head = bytes.toString("latin1", at, end);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const chunked = /^transfer-encoding: *chunked/im.test(head);
    const body = chunked
      ? readChunks(bytes, end + 4)
      : { text: bytes.subarray(end + 4, end + 4 + Number(length)), next: end + 4 + Number(length) };
    if (!status || (!chunked && length === undefined) || !body || body.next > bytes.length) break;
    answers.push({ status, body: body.text.toString("utf8") });
    at = body.next;
  }
  return answers;
}

function readChunks(bytes: Buffer, begin: number): { text: Buffer; next: number } | undefined {
  const parts: Buffer[] = [];
  let at = begin;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line === -1) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    const next = line + 2 + size + 2;
    if (Number.isNaN(size) || next > bytes.length) return undefined;
    if (size === 0) return { text: Buffer.concat(parts), next };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}
