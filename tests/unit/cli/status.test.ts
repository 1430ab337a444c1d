import type { InspectedContainer } from "../../../ops/host/inspect";
import { standInFor } from "../../../ops/status/origin";
import { inWords } from "../../../ops/status/plugins";
import { reachOf, statusReport } from "../../../ops/status/report";

const container = (labels: Record<string, string>, ports = {}) =>
  ({ Config: { Labels: labels }, HostConfig: { PortBindings: ports } }) as unknown as InspectedContainer;

describe("where a service is reached", () => {
  const url = "http://localhost:8080";

  test("by the paths of its routes on the edge, each once", () => {
    const rule = "Host(`localhost`) && (PathPrefix(`/api/`) || Path(`/health`))";
    const labels = { "traefik.http.routers.one.rule": rule, "traefik.http.routers.two.rule": rule };
    expect(reachOf(container(labels), url)).toEqual([`${url}/api/`, "/health"]);
    expect(reachOf(container({ "traefik.http.routers.one.rule": "Host(`localhost`)" }), url)).toEqual([
      `${url}/`,
    ]);
  });

  test("by the ports that are published, with the interface where it is not every one", () => {
    const ports = {
      "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }],
      "3000/tcp": [{ HostIp: "127.0.0.1", HostPort: "3000" }],
    };
    expect(reachOf(container({}, ports), url)).toEqual(["port :8080, 127.0.0.1:3000 of the Docker host"]);
    expect(reachOf(container({}), url)).toEqual([]);
  });
});

describe("a stand-in", () => {
  const built = { Id: "sha256:1", Config: {}, RepoDigests: [] };
  const pulled = { ...built, RepoDigests: [`postgres@sha256:${"a".repeat(64)}`] };

  test("is an image that was made here although there is an official one, and the sample bot", () => {
    expect(standInFor("dating-mini-app/postgres:0123", built)).toMatch(
      /^made here instead of postgres:17[^@]+$/,
    );
    expect(standInFor("dating-mini-app/postgres-15:0123", built)).toMatch(/postgres:15[^@]+$/);
    expect(standInFor("dating-mini-app/bot:0123", built)).toContain("a sample bot");
  });

  test("is told from a pulled one where the image store gives every image a digest", () => {
    const digest = `dating-mini-app/postgres@sha256:${"b".repeat(64)}`;
    expect(standInFor("dating-mini-app/postgres:0123", { ...built, RepoDigests: [digest] })).toBeDefined();
    const both = { ...built, RepoDigests: [digest, ...pulled.RepoDigests] };
    expect(standInFor("dating-mini-app/postgres:0123", both)).toBeUndefined();
  });

  test("is not an official image, nor one that only this project has", () => {
    expect(standInFor("dating-mini-app/postgres:0123", pulled)).toBeUndefined();
    expect(standInFor("dating-mini-app/webapp:0123", built)).toBeUndefined();
    expect(standInFor("postgres:15", built)).toBeUndefined();
  });
});

test("the CLI and the plugins are told in one line, with what stands in and what was not tested", () => {
  expect(inWords("v3.274.1", [])).toBe("Pulumi 3.274.1, official plugins");
  expect(inWords("v3.150.0", [])).toMatch(
    /^Pulumi 3\.150\.0 \(tested: 3\.\d+\.\d+, 3\.\d+\.\d+\), official plugins$/,
  );
  expect(inWords(undefined, ["docker", "random", "command", "grafana"])).toMatch(
    /^Pulumi 3\.\d+\.\d+ built here, docker and random built here, stand-ins for command and grafana/,
  );
  expect(inWords("v3.274.1", ["grafana"])).toContain("official plugins, stand-ins for grafana");
});

test("the report names every service, what is a stand-in, and the application's address", () => {
  const services = [
    { service: "bot", state: "healthy", reached: ["http://localhost/api/", "/health"], image: "b:1" },
    { service: "postgres", state: "unhealthy", reached: [], image: "p:1", standIn: "made here" },
  ];
  const report = statusReport(
    "dev",
    "http://localhost",
    "this machine's Docker Engine",
    services,
    "Pulumi 3",
  );
  expect(report).toBe(
    [
      "Stack dev on this machine's Docker Engine:",
      "  bot       healthy    http://localhost/api/ /health  b:1",
      "  postgres  unhealthy  from inside only               p:1 *",
      "* stand-ins:",
      "  postgres is made here",
      "Deploys use:     Pulumi 3",
      "The application: http://localhost",
    ].join("\n"),
  );
});
