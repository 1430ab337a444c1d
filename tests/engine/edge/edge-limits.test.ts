import { execFile } from "node:child_process";
import { request } from "node:http";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";

import { application, botToken } from "../support/application";
import { docker, services } from "../support/docker";
import { requestUntilHealthy } from "../support/http";
import { ask } from "../support/https";
import type { Project } from "../support/project";

jest.setTimeout(600_000);

const megabyte = 1_000_000;
const loopback = "localhost";
let project: Project;
let url: string;
let port: number;
let slow: Promise<{ status: string; seconds: number }>;

beforeAll(async () => {
  ({ project, url } = await application());
  port = Number(new URL(url).port);
  const aliases = { "app.dating.test": "serve", "www.dating.test": "redirect" };
  const values = {
    domain: loopback,
    localImages: "true",
    httpPort: String(port),
    aliases: JSON.stringify(aliases),
  };
  await project.configure({ ...values, rateLimit: "100", rateLimitBurst: "150" }, { botToken });
  await project.up();
  await requestUntilHealthy(url);
  slow = uploadSlowly();
});
afterAll(async () => {
  await slow?.catch(() => {});
  project?.discard();
});

/** 5 MB with 50 kB/s: 100 seconds. It is under way beside the other tests. */
async function uploadSlowly() {
  const begin = performance.now();
  const command = `head -c ${5 * megabyte} /dev/zero | curl --silent --show-error --limit-rate 50k --max-time 300 \
    --header 'Content-Length: ${5 * megabyte}' --header 'Transfer-Encoding:' --upload-file - \
    --output /dev/null --write-out '%{http_code}' ${url}/api/photos/slow.jpg`;
  const { stdout } = await promisify(execFile)("sh", ["-c", command]);
  return { status: stdout, seconds: (performance.now() - begin) / 1000 };
}

/** Sends a request with a body, as long as the edge reads it. */
function send(
  path: string,
  {
    bytes,
    sized,
    keptBack,
    headers,
  }: { bytes: number; sized: boolean; keptBack?: boolean; headers?: Record<string, string> },
): Promise<{ status: number; sent: number }> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const length = sized ? { "content-length": String(bytes) } : { "transfer-encoding": "chunked" };
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: "PUT",
        agent: false,
        headers: { host: loopback, ...length, ...headers },
      },
      (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode ?? 0, sent });
        answer.on("end", () => outgoing.destroy());
      },
    );
    outgoing.on("error", reject);
    if (keptBack) return outgoing.flushHeaders();
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (sent < bytes) {
        const part = chunk.subarray(0, Math.min(chunk.length, bytes - sent));
        sent += part.length;
        if (!outgoing.write(part)) return void outgoing.once("drain", more);
      }
      outgoing.end();
    };
    more();
  });
}

/** The routers whose requests were answered with 413 by the edge itself: no service was asked. */
async function refusals(): Promise<string[]> {
  const { traefik } = await services(project.prefix);
  return (await docker("logs", traefik!.Id)).split("\n").flatMap((line) => {
    const entry = JSON.parse(line) as {
      DownstreamStatus?: number;
      OriginStatus?: number;
      RouterName?: string;
    };
    return entry.DownstreamStatus === 413 && !entry.OriginStatus ? [entry.RouterName!] : [];
  });
}

/** The addresses of the clients that the edge has seen. */
async function clients(): Promise<Set<string>> {
  const { traefik } = await services(project.prefix);
  const log = (await docker("logs", traefik!.Id)).split("\n");
  return new Set(log.flatMap((line) => (JSON.parse(line) as { ClientHost?: string }).ClientHost ?? []));
}

describe("a body", () => {
  test("of a photo arrives, with and without its length", async () => {
    expect(await send("/api/photos/a.jpg", { bytes: 5 * megabyte, sized: true })).toMatchObject({
      status: 201,
    });
    expect(await send("/api/photos/b.jpg", { bytes: 5 * megabyte, sized: false })).toMatchObject({
      status: 201,
    });
    const { body } = await ask(loopback, port, "/api/photos/b.jpg");
    expect(body).toHaveLength(5 * megabyte);
  });

  test("that says it is bigger than 20 MiB is refused before a byte of it is sent", async () => {
    expect(
      await send("/api/photos/c.jpg", { bytes: 20 * 1024 ** 2 + 1, sized: true, keptBack: true }),
    ).toEqual({
      ...{ status: 413, sent: 0 },
    });
  });

  test("of unknown length is refused where 16 MiB have come", async () => {
    expect(await send("/api/photos/e.jpg", { bytes: 17 * 1024 ** 2, sized: false })).toMatchObject({
      status: 413,
    });
    expect(await refusals()).toEqual(["body-of-unknown-size@file"]);
  });
});

test("headers of more than 32 KiB are refused with 431", async () => {
  const withHeader = (length: number) =>
    send("/api/photos/f.jpg", { bytes: 10, sized: true, headers: { "x-large": "x".repeat(length) } });
  expect(await withHeader(40 * 1024)).toMatchObject({ status: 431 });
  expect(await withHeader(4 * 1024)).toMatchObject({ status: 201 });
});

test("one address that asks without pause gets 429, and is served again a moment later", async () => {
  const answers = await Promise.all(
    Array.from({ length: 600 }, () => ask(loopback, port, "/version.txt").then(({ status }) => status)),
  );
  expect(new Set(answers)).toEqual(new Set([200, 429]));
  expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(150);
  await new Promise((later) => setTimeout(later, 1_000));
  expect((await ask(loopback, port, "/version.txt")).status).toBe(200);
});

describe("a further host name", () => {
  test("is served, with the bot's paths", async () => {
    const [page, version] = [
      await ask("app.dating.test", port, "/"),
      await ask("app.dating.test", port, "/version"),
    ];
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining("<html") as string });
    expect(JSON.parse(version.body)).toMatchObject({ name: "sample-bot" });
    expect((await ask("other.dating.test", port, "/")).status).toBe(404);
  });

  test("leads to the domain, with path and query, for good", async () => {
    const { status, headers } = await ask("www.dating.test", port, "/page?x=1&y=2");
    expect([301, 308]).toContain(status);
    expect(headers.location).toBe(`${url}/page?x=1&y=2`);
  });
});

describe("the web app", () => {
  test("answers an asset that is not there with 404, and every page of its own with the app", async () => {
    for (const path of ["/assets/index-1a2b3c.js", "/missing.css", "/a.b/c.png"])
      expect([path, (await ask(loopback, port, path)).status]).toEqual([path, 404]);
    for (const path of ["/", "/profile", "/v1.2/matches", "/matches/7"]) {
      const answer = await ask(loopback, port, path);
      expect([path, answer.status, answer.headers["content-type"]]).toEqual([path, 200, "text/html"]);
    }
    expect((await ask(loopback, port, "/style.css")).headers["content-type"]).toBe("text/css");
  });
});

describe("IPv6", () => {
  const reach = async (address: string) => {
    const { stdout } = await promisify(execFile)("curl", [
      ...["-6", "--silent", "--fail", "--header", `Host: ${loopback}`, `http://[${address}]:${port}/health`],
    ]);
    return JSON.parse(stdout) as unknown;
  };

  test("reaches the edge", async () => {
    expect(await reach("::1")).toEqual({ status: "healthy" });
  });

  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal, scopeid }) => family === "IPv6" && !internal && !scopeid)?.address;
  (own ? test : test.skip)("shows the edge its clients' own addresses", async () => {
    expect(await reach(own!)).toEqual({ status: "healthy" });
    expect([...(await clients())]).toContain(own);
  });

  test("is no difference in a preview, with or without a look at the host", async () => {
    expect((await project.preview()).steps).toEqual([]);
    expect((await project.preview({ refresh: true })).steps).toEqual([]);
    expect((await project.up({ refresh: true })).steps).toEqual([]);
  });
});

test("a photo of 5 MB with 50 kB/s arrives", async () => {
  const { status, seconds } = await slow;
  expect(status).toBe("201");
  expect(seconds).toBeGreaterThan(90);
});

describe("who asks", () => {
  const claimed = "203.0.113.9";
  const claim = (client = claimed) =>
    fetch(`${url}/version.txt`, { headers: { "x-forwarded-for": `192.0.2.1, ${client}` } }).then(
      ({ status }) => status,
    );

  test("is not what a client says, and is what a named proxy says", async () => {
    expect(await claim()).toBe(200);
    expect([...(await clients())].join()).not.toContain(claimed);

    // Another edge would cut it off.
    await slow;
    await project.configurePath("trustedProxies[0]", "172.16.0.0/12");
    await project.configurePath("trustedProxies[1]", "192.168.0.0/16");
    await project.configurePath("rateLimitBurst", "20");
    await project.up();
    await requestUntilHealthy(url);
    expect(await claim()).toBe(200);
    expect([...(await clients())].join()).toContain(claimed);
    // The limit of the rate counts who is behind the proxy, and not the proxy: one that asks much leaves others alone.
    const much = Array.from({ length: 300 }, () => claim());
    const little = Array.from({ length: 15 }, () => claim("203.0.113.10"));
    expect(new Set(await Promise.all(much))).toEqual(new Set([200, 429]));
    expect(new Set(await Promise.all(little))).toEqual(new Set([200]));
  });
});
