import { grafanaAddress, grafanaTunnel } from "../../../host/tunnel";

const config = { dockerHost: "ssh://deploy@dating.example.com", grafanaPort: 3000, monitoring: true };

test("Grafana on a host that is reached over SSH has a port of its own here, the same for everybody", () => {
  const { localPort, ...tunnel } = grafanaTunnel(config, "dating-prod")!;
  expect(tunnel).toEqual({ dockerHost: config.dockerHost, remotePort: 3000 });
  expect(localPort).toBeGreaterThanOrEqual(11_000);
  expect(localPort).toBeLessThan(20_000);
  expect(grafanaAddress(config, "dating-prod")).toBe(`http://localhost:${localPort}`);
  expect(grafanaTunnel(config, "dating-staging")!.localPort).not.toBe(localPort);
});

test.each([
  ["without monitoring", { ...config, monitoring: false }, "http://localhost:3000"],
  ["on this machine", { ...config, dockerHost: "unix:///var/run/docker.sock" }, "http://localhost:3000"],
  ["over TCP", { ...config, dockerHost: "tcp://10.0.0.1:2376" }, "http://localhost:3000"],
  [
    "where the configuration says how it is reached",
    { ...config, grafanaUrl: "https://grafana.example.com" },
    "https://grafana.example.com",
  ],
])("%s, there is no tunnel", (_, stack, address) => {
  expect(grafanaTunnel(stack, "dating-prod")).toBeUndefined();
  expect(grafanaAddress(stack, "dating-prod")).toBe(address);
});
