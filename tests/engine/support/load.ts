import { Agent, request, type RequestOptions } from "node:http";

import type { Answer } from "./http";

/** What a load saw. */
export interface Observation {
  sent: number;
  /** What went wrong, a line a failed request: when, which and how. */
  failures: string[];
  /** Rows that the service said it has written. */
  written: number;
  /** Longest time between two good answers of the same quick path, in seconds. */
  longestGap: number;
}

interface Client {
  path: string;
  method?: "GET" | "POST";
  body?: () => object;
  /** Whether an answer is what a person would have got on a quiet day. */
  expected: { status: number; type: string; body: RegExp };
  agent: Agent;
  /** Longest wait for an answer. */
  timeoutSeconds: number;
  pauseMilliseconds: number;
}

/**
 * A steady load on the edge until it is stopped: clients that keep their connection, clients that make a new one for
 * each request, writes, and requests that take 5 seconds to answer. Bounded: each client has one request at a time,
 * and the load ends by itself after five minutes.
 */
export class Load {
  private readonly observation: Observation = { sent: 0, failures: [], written: 0, longestGap: 0 };
  private readonly deadline = Date.now() + 300_000;
  private readonly clients: Promise<void>[];
  private running = true;
  private readonly lastGood = new Map<string, number>();

  constructor(private readonly url: string) {
    const kept = () => new Agent({ keepAlive: true, maxSockets: 1 });
    const fresh = () => new Agent({ keepAlive: false });
    const quick = { timeoutSeconds: 2, pauseMilliseconds: 10 };
    const json = (status: number, body: RegExp) => ({ status, type: "application/json", body });
    const health = { path: "/health", expected: json(200, /^\{"status": "healthy"\}$/) };
    const page = {
      path: "/",
      expected: { status: 200, type: "text/html", body: /^<!doctype html>[^]*<\/html>\s*$/i },
    };
    const version = {
      path: "/version.txt",
      expected: { status: 200, type: "text/plain", body: /^[\w.-]+\n$/ },
    };
    const write = {
      path: "/api/interactions",
      ...{ method: "POST" as const, body: nextLike },
      expected: json(201, /^\{"id": \d+\}$/),
    };
    const slow = { path: "/api/slow?seconds=5", expected: json(200, /^\{"slept": 5(\.0)?\}$/) };
    this.clients = [
      ...[health, page, version, write].flatMap((kind) => [
        this.run({ ...kind, ...quick, agent: kept() }),
        this.run({ ...kind, ...quick, agent: fresh() }),
      ]),
      ...[0, 1, 2].map(() =>
        this.run({ ...slow, agent: kept(), timeoutSeconds: 15, pauseMilliseconds: 300 }),
      ),
    ];
  }

  /** Ends the load when every request under way has its answer. */
  async stop(): Promise<Observation> {
    this.running = false;
    await Promise.all(this.clients);
    return this.observation;
  }

  private async run(client: Client): Promise<void> {
    while (this.running && Date.now() < this.deadline) {
      const begin = Date.now();
      this.observation.sent++;
      try {
        const { status, type, body } = await send(this.url, client);
        const { expected } = client;
        if (status !== expected.status || type !== expected.type || !expected.body.test(body))
          throw new Error(`${status} ${type} ${JSON.stringify(body.slice(0, 60))}`);
        if (client.method === "POST") this.observation.written++;
        if (client.timeoutSeconds === 2) this.good(client.path);
      } catch (error) {
        const method = client.method ?? "GET";
        this.observation.failures.push(
          `${new Date(begin).toISOString()} ${method} ${client.path} after ${Date.now() - begin} ms: ${String(error)}`,
        );
      }
      await new Promise((later) => setTimeout(later, client.pauseMilliseconds));
    }
    client.agent.destroy();
  }

  private good(path: string): void {
    const now = Date.now();
    const gap = (now - (this.lastGood.get(path) ?? now)) / 1000;
    this.observation.longestGap = Math.max(this.observation.longestGap, gap);
    this.lastGood.set(path, now);
  }
}

let likes = 0;

/** Each is a row of its own: the service refuses a second one of the same two users. */
function nextLike(): object {
  likes++;
  return { user_id: 1_000_000 + likes, target_id: 1, interaction_type: "like" };
}

function send(url: string, { path, method = "GET", body, agent, timeoutSeconds }: Client): Promise<Answer> {
  const text = body ? JSON.stringify(body()) : undefined;
  const options: RequestOptions = {
    method,
    agent,
    headers: text ? { "content-type": "application/json", "content-length": Buffer.byteLength(text) } : {},
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), options, (response) => {
      response.on("error", reject);
      const type = (response.headers["content-type"] ?? "").split(";")[0]!;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}
