import type { Overview } from "../../ops/status/overview";
import type { ServiceStatus } from "../../ops/status/report";

const service = (name: string, more: Partial<ServiceStatus> = {}): ServiceStatus => ({
  ...{ service: name, state: "healthy", since: "2026-11-30T03:15:00.123456789Z", reached: [] },
  image: `registry.example.com/dating/${name}:1.0.0@sha256:${"0123456789abcdef".repeat(4)}`,
  ...more,
});

/** A stack as one is on a server, with names as long as they are there. */
export const fullOverview: Overview = {
  at: new Date("2026-11-30T10:00:00Z"),
  status: {
    ...{ stack: "prod", url: "https://dating.example.com", where: "ssh://deploy@dating.example.com" },
    services: [
      service("traefik", { reached: ["port :80, :443 of the Docker host"] }),
      service("postgres-exporter"),
      service("bot", {
        reached: ["https://dating.example.com/api/", "/health", "/version"],
        standIn: "a sample bot that stands in for the application's own",
      }),
      service("webapp", { state: "unhealthy", since: undefined }),
    ],
    notServed: ["webapp: its container is not healthy (unhealthy)"],
    left: [],
    pulumi: "Pulumi 3.220.0, official plugins",
    grafana: "http://localhost:3000",
    certificates: ["HTTPS:           dating.example.com until 2027-02-28 (R11)"],
  },
  backups: {
    answer: [
      {
        ...{ name: "20261130T031500Z", createdAt: "2026-11-30T03:15:00Z" },
        parts: [
          {
            ...{ kind: "volume", file: "a.tar.zst", bytes: 123_456_789, sha256: "0".repeat(64) },
            ...{ volume: "photo_storage", entries: 1 },
          },
        ],
      },
    ],
  },
  drift: {
    answer: {
      findings: [{ urn: "u", subject: "webapp", text: "memory: 128 MiB → 256 MiB" }],
      notCompared: ["the dashboards in Grafana, which does not answer"],
    },
  },
};
