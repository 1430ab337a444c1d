import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";

import { turn } from "../turns.mts";

/** An answer: its status, its content type without parameters, and its body as text. */
export interface Answer {
  status: number;
  type: string;
  body: string;
}

/** What is asked, and where, as seen from inside a container. */
export interface Question {
  /** The container from which is asked. */
  from: string;
  address: string;
  port: number;
  /** Whether the port speaks TLS. The certificate is not looked at. */
  tls?: boolean;
  /** The `Host` header, and the name that TLS asks for. */
  host?: string;
  path: string;
}

/** Milliseconds for one answer. */
const patience = 10_000;
/** `nobody` of Alpine and Debian, by whom hooks run what needs no rights in a container: some are root's. */
export const nobody = "65534:65534";

/**
 * Asks from inside a container, which needs `nc`: no port has to be published for it, and the Docker host may be anywhere.
 *
 * @throws where no answer comes; the message says why
 */
export async function askFrom(question: Question): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTurn(question);
    } catch (error) {
      // One look is many questions, so that one of them without Docker's answer must not be the end of it.
      if (attempt === attempts || !unreached.test((error as Error).message)) throw error;
      await sleep(pause * attempt);
    }
  }
}

/** How often a question is asked where the Docker engine is not reached, and milliseconds between. */
const attempts = 6;
const pause = 100;
/** How the Docker CLI and ssh say so. */
const unreached =
  /error during connect|Cannot connect to the Docker daemon|^ssh: |kex_exchange|unexpected EOF/m;

async function inTurn(question: Question): Promise<Answer> {
  const end = await turn(["exec"]);
  return relay(question).finally(end);
}

/** A connection that is made inside a container: its bytes, the process that passes them on, and what that one has said. */
export interface Passage {
  bytes: Duplex;
  child: ChildProcess;
  said: () => string;
}

/** Connects to an address as seen from inside a container. */
export function connectFrom({ from, address, port }: Pick<Question, "from" | "address" | "port">): Passage {
  const args = ["exec", "--interactive", "--user", nobody, from, "nc", address, String(port)];
  const child = spawn("docker", args, { stdio: ["pipe", "pipe", "pipe"], env: process.env });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  // Written to after the other side has gone: what it said is in `said`.
  child.stdin.on("error", () => {});
  const bytes = Duplex.from({ readable: child.stdout, writable: child.stdin });
  bytes.on("error", () => {});
  return { bytes, child, said: () => said.trim() };
}

/**
 * Waits for what comes over a connection, and ends it.
 *
 * @param begin is told how to end well, and how with the reason for which nothing comes
 * @throws with the words of the process that passes the bytes on, where it has said any
 */
export async function over<T>(
  { child, said }: Passage,
  begin: (done: (value: T) => void, failed: (why: string) => void) => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(said() || why));
      timer = setTimeout(() => failed(`no answer within ${patience / 1000} seconds`), patience);
      child.on("error", (error) => failed(error.message));
      child.on("close", () => failed("the connection was closed without an answer"));
      begin(resolve, failed);
    });
  } finally {
    clearTimeout(timer);
    await ended(child);
  }
}

/** Milliseconds in which the other side of a connection answers its end with its own. */
const parting = 1_000;

/**
 * Ends the process that passes bytes on: a hook ends only when nothing is waited for any more. A signal to end is not enough:
 * over SSH, `docker exec` then waits for the other side, which knows of nothing.
 */
async function ended(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "exit");
    child.stdin?.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), parting);
    await gone;
    clearTimeout(timer);
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}

async function relay({ from, address, port, tls, host = address, path }: Question): Promise<Answer> {
  const passage = connectFrom({ from, address, port });
  const { bytes, child } = passage;
  const stream = tls ? connect({ socket: bytes, servername: host, rejectUnauthorized: false }) : bytes;
  stream.on("error", () => {});
  return over<Answer>(passage, (done, failed) => {
    const outgoing = request(
      { createConnection: () => stream, method: "GET", path, headers: { host, connection: "close" } },
      (incoming) => void readAnswer(incoming).then(done, (error: Error) => failed(error.message)),
    );
    outgoing.on("error", (error) => {
      // The program's own words, which come with its end, are better than those of the broken connection.
      child.once("close", () => failed(error.message));
    });
    outgoing.end();
  }).finally(() => stream.destroy());
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const type = (incoming.headers["content-type"] ?? "").split(";")[0]!;
  return { status: incoming.statusCode ?? 0, type, body: Buffer.concat(chunks).toString() };
}
