import type { InspectedContainer } from "../../ops/host/inspect";
import { standInFor } from "../../ops/host/origin";
import { reachOf, statusReport } from "../../ops/host/report";

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
    expect(standInFor("dating-mini-app/postgres:0123", built)).toMatch(/^made here instead of postgres:15/);
    expect(standInFor("dating-mini-app/bot:0123", built)).toContain("a sample bot");
  });

  test("is not an official image, nor one that only this project has", () => {
    expect(standInFor("dating-mini-app/postgres:0123", pulled)).toBeUndefined();
    expect(standInFor("dating-mini-app/webapp:0123", built)).toBeUndefined();
    expect(standInFor("postgres:15", built)).toBeUndefined();
  });
});

test("the report names every service, what is a stand-in, and the application's address", () => {
  const services = [
    { service: "bot", state: "healthy", reached: ["http://localhost/api/", "/health"], image: "b:1" },
    { service: "postgres", state: "unhealthy", reached: [], image: "p:1", standIn: "made here" },
  ];
  expect(statusReport("dev", "http://localhost", "this machine's Docker Engine", services)).toBe(
    [
      "Stack dev on this machine's Docker Engine:",
      "  bot       healthy    http://localhost/api/ /health  b:1",
      "  postgres  unhealthy  from inside only               p:1 *",
      "* stand-ins:",
      "  postgres is made here",
      "The application: http://localhost",
    ].join("\n"),
  );
});
