import { application, botToken } from "../support/application";
import { containerOf, docker, inspect, services } from "../support/docker";
import { request, requestUntil } from "../support/http";
import { ask, askUntil } from "../support/https";
import { describeWithPebble, Pebble } from "../support/stores/pebble";
import { freePort, type Project } from "../support/project";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
});
afterAll(() => project?.discard());

/** Runs a shell script in a throw-away container on one of the stack's networks. */
async function onNetwork(network: string, script: string): Promise<string> {
  const { webapp } = await services(project.prefix);
  return docker(
    ...[
      "run",
      "--rm",
      "--network",
      `${project.prefix}-${network}`,
      "--label",
      `dating.stack=${project.prefix}`,
    ],
    ...["--entrypoint", "sh", webapp!.Config.Image, "-c", script],
  );
}

describe("the Docker socket", () => {
  test("is mounted into the proxy alone", async () => {
    const mounted = Object.entries(await services(project.prefix)).filter(([, container]) =>
      JSON.stringify(container).includes("docker.sock:"),
    );
    expect(mounted.map(([service]) => service)).toEqual(["socket-proxy"]);
  });

  test("answers what Traefik and Promtail ask, and refuses everything else", async () => {
    const { bot } = await services(project.prefix);
    const current = `/v${await docker("version", "--format", "{{.Server.APIVersion}}")}`;
    const calls = {
      "GET /_ping": 200,
      "HEAD /_ping": 200,
      "GET /version": 200,
      [`GET ${current}/version`]: 200,
      // What an engine may be too new for: Traefik before 3.6.1 asks for 1.24, whatever answers.
      "GET /v1.24/version": 200,
      "GET /v1.43/containers/json": 200,
      "GET /networks": 200,
      [`GET ${current}/containers/json?all=1`]: 200,
      [`GET /containers/${bot!.Id}/json`]: 200,
      [`GET ${current}/containers/${bot!.Id}/logs?stdout=1&tail=1`]: 200,
      "GET /events?since=1&until=2": 200,
      "GET /info": 403,
      "GET /images/json": 403,
      "GET /v1.24/images/json": 403,
      "GET /volumes": 403,
      "GET /secrets": 403,
      [`GET /containers/${bot!.Id}/export`]: 403,
      [`GET /containers/${bot!.Id}/archive?path=/`]: 403,
      [`GET /containers/${bot!.Id}/top`]: 403,
      [`GET /containers/${bot!.Id}/attach/ws`]: 403,
      "GET /containers/json/../../images/json": 403,
      "GET /containers/%2e%2e/images/json": 403,
      "GET //containers/json": 403,
      [`GET ${current}/networks/x`]: 403,
      "POST /containers/create": 403,
      "POST /containers/json": 403,
      [`POST /containers/${bot!.Id}/exec`]: 403,
      [`POST /containers/${bot!.Id}/stop`]: 403,
      [`DELETE /containers/${bot!.Id}`]: 403,
      "POST /build": 403,
      "POST /session": 403,
      "PUT /_ping": 403,
    };
    const asked = Object.keys(calls).map((call) => {
      const [method, path] = call.split(" ");
      const flags = method === "HEAD" ? "--head" : `--request ${method}`;
      return `curl ${flags} --path-as-is --silent --max-time 10 --output /dev/null --write-out '%{http_code}\\n' 'http://socket-proxy:2375${path}'`;
    });
    const statuses = (await onNetwork("docker-api", asked.join("; "))).split("\n").map(Number);
    expect(Object.fromEntries(Object.keys(calls).map((call, index) => [call, statuses[index]]))).toEqual(
      calls,
    );
  });

  test("tells cAdvisor, on a port of its own, of an engine that keeps no images, and everything else as it is", async () => {
    const ask = (path: string, ...flags: string[]) =>
      `curl --silent --max-time 10 ${flags.join(" ")} 'http://socket-proxy:2376${path}'`;
    const status = ["--output", "/dev/null", "--write-out", "'%{http_code}'"];
    const told = JSON.parse(await onNetwork("docker-api", ask("/v1.44/info"))) as object;
    expect(told).toEqual({
      ...{ ServerVersion: "1.9.1", Driver: "vfs", DockerRootDir: "/var/lib/docker", OSType: "linux" },
    });
    const engine = await docker("version", "--format", "{{.Server.Version}}");
    expect(JSON.parse(await onNetwork("docker-api", ask("/version")))).toMatchObject({ Version: engine });
    expect(await onNetwork("docker-api", ask("/images/json", ...status))).toBe("403");
    expect(await onNetwork("docker-api", ask("/info", "--request POST", ...status))).toBe("403");
  });

  test("is on a network without a way out that only the proxy and the edge join", async () => {
    const network = `${project.prefix}-docker-api`;
    const joined = Object.entries(await services(project.prefix)).filter(
      ([, { NetworkSettings }]) => network in NetworkSettings.Networks,
    );
    expect(joined.map(([service]) => service).sort()).toEqual(["socket-proxy", "traefik"]);
    expect(await docker("network", "inspect", "--format", "{{.Internal}}", network)).toBe("true");
    const seen = await onNetwork(
      "edge",
      "curl --silent --max-time 3 http://socket-proxy:2375/_ping || echo away",
    );
    expect(seen).toBe("away");
  });
});

describe("the edge's metrics", () => {
  test("are on an entry point of their own, which is not published", async () => {
    // What answers there from outside is the web app.
    expect((await requestUntil(`${url}/version.txt`, 200)).status).toBe(200);
    expect((await request(`${url}/metrics`)).body).not.toContain("traefik_");
    const metrics = await onNetwork("edge", "curl --silent --fail http://traefik:8083/metrics");
    expect(metrics).toMatch(/^traefik_entrypoint_requests_total\{.*entrypoint="web"/m);
    const { traefik } = await services(project.prefix);
    const [inspected] = await inspect(traefik!.Id);
    expect(Object.keys(inspected!.HostConfig.PortBindings ?? {})).toEqual(["8000/tcp"]);
  });
});

describe("the edge itself", () => {
  test("listens for people, for Prometheus and for its own health check alone: no dashboard, no API", async () => {
    const { traefik, webapp } = await services(project.prefix);
    const sockets = await docker(
      ...[
        "run",
        "--rm",
        "--network",
        `container:${traefik!.Id}`,
        "--label",
        `dating.stack=${project.prefix}`,
      ],
      ...["--entrypoint", "cat", webapp!.Config.Image, "/proc/net/tcp", "/proc/net/tcp6"],
    );
    // Columns: number, local address, remote address, state (0A: listening). 127.0.0.11 is Docker's name server.
    const listening = [...sockets.matchAll(/^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A /gm)]
      .filter(([, address]) => address !== "0B00007F")
      .map(([, , port]) => parseInt(port!, 16));
    expect(listening.sort()).toEqual([8000, 8082, 8083]);
    for (const path of ["8000/api/rawdata", "8083/dashboard/", "8083/api/rawdata"]) {
      const status = "curl --silent --output /dev/null --write-out '%{http_code}'";
      expect(await onNetwork("edge", `${status} http://traefik:${path}`)).toBe("404");
    }
  });

  test("logs each request as a line of JSON, without what may hold a token: query, path, headers", async () => {
    await fetch(`${url}/health?initData=a-secret-of-telegram`, {
      headers: {
        authorization: "Bearer a-secret-of-a-user",
        cookie: "session=a-secret-of-a-browser",
        referer: `${url}/?a-secret-of-a-page`,
      },
    });
    const { traefik } = await services(project.prefix);
    const log = await docker("logs", traefik!.Id);
    expect(log).not.toMatch(/a-secret|RequestPath/);
    const lines = log.split("\n").map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(
      expect.objectContaining({
        ...{ DownstreamStatus: 200, RequestMethod: "GET", ServiceName: `${project.prefix}-bot@docker` },
        RouterName: expect.stringContaining(`${project.prefix}-bot-`) as string,
      }),
    );
  });
});

describeWithPebble("TLS", () => {
  const domain = "dating.test";
  let pebble: Pebble;
  let ports: { http: number; https: number };
  let root: string;
  const certificate = async () => (await askUntil(200, domain, ports.https, "/health", root)).serial;

  beforeAll(async () => {
    ports = { http: Number(new URL(url).port), https: await freePort() };
    pebble = Pebble.start(project.prefix, domain, ports.http);
    await project.configure(
      {
        domain,
        httpPort: String(ports.http),
        httpsPort: String(ports.https),
        localImages: "true",
        tls: "acme",
        acmeServer: pebble.directory,
        acmeCaCertificate: pebble.caCertificate,
      },
      { botToken },
    );
    await project.up();
    root = pebble.root((await services(project.prefix)).webapp!.Config.Image);
  });

  test("has a certificate for the domain, got by itself, and the stack's url says https", async () => {
    const answer = await askUntil(200, domain, ports.https, "/health", root);
    expect(answer.serial).toMatch(/^[0-9A-F]{10,}$/);
    expect((await project.stack.outputs()).url?.value).toBe(`https://${domain}:${ports.https}`);
  });

  test("is where HTTP leads, for good", async () => {
    const answer = await ask(domain, ports.http, "/health?x=1");
    expect([301, 308]).toContain(answer.status);
    expect(answer.headers.location).toBe(`https://${domain}:${ports.https}/health?x=1`);
  });

  test("comes with HSTS and the security headers", async () => {
    const { headers } = await askUntil(200, domain, ports.https, "/", root);
    expect(headers).toMatchObject({
      "strict-transport-security": "max-age=31536000",
      "x-content-type-options": "nosniff",
      "referrer-policy": "strict-origin-when-cross-origin",
      "content-security-policy": "frame-ancestors 'self' https://web.telegram.org",
    });
  });

  test("asks for no new certificate when the stack is deployed again or Traefik is replaced", async () => {
    const before = { serial: await certificate(), issued: pebble.issued() };
    expect(before.issued).toBe(1);
    const { traefik } = await services(project.prefix);

    expect((await project.up()).steps).toEqual([]);
    await project.configurePath("memory.traefik", "300 MiB");
    await project.configurePath("acmeEmail", "ops@example.com");
    await project.up();

    expect((await services(project.prefix)).traefik!.Id).not.toBe(traefik!.Id);
    expect({ serial: await certificate(), issued: pebble.issued() }).toEqual(before);
  });

  test("keeps its key where only its owner reads it", async () => {
    const mode = await docker(
      "exec",
      containerOf(project.prefix, "traefik"),
      "stat",
      "-c",
      "%a",
      "/letsencrypt/acme.json",
    );
    expect(mode).toBe("600");
  });
});
