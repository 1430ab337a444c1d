import { application } from "./support/application";
import { docker, inspect, services } from "./support/docker";
import { request, requestUntil } from "./support/http";
import type { Project } from "./support/project";

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
    const calls = {
      "GET /_ping": 200,
      "HEAD /_ping": 200,
      "GET /version": 200,
      "GET /v1.41/version": 200,
      "GET /info": 200,
      "GET /networks": 200,
      "GET /v1.41/containers/json?all=1": 200,
      [`GET /containers/${bot!.Id}/json`]: 200,
      [`GET /v1.41/containers/${bot!.Id}/logs?stdout=1&tail=1`]: 200,
      "GET /events?since=1&until=2": 200,
      "GET /images/json": 403,
      "GET /volumes": 403,
      "GET /secrets": 403,
      [`GET /containers/${bot!.Id}/export`]: 403,
      [`GET /containers/${bot!.Id}/archive?path=/`]: 403,
      [`GET /containers/${bot!.Id}/top`]: 403,
      [`GET /containers/${bot!.Id}/attach/ws`]: 403,
      "GET /containers/json/../../images/json": 403,
      "GET /containers/%2e%2e/images/json": 403,
      "GET //containers/json": 403,
      "GET /v1.41/networks/x": 403,
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
