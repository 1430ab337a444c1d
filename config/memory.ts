import type { ServiceName } from "./keys";
import { ownMemory, ownNames, type OwnServiceName } from "./own-services";
import type { Size } from "./units";

/** The memory limit of each service, where the configuration does not name another. */
export const memoryLimits: Readonly<Record<ServiceName, Size>> = {
  traefik: "256 MiB",
  "socket-proxy": "64 MiB",
  postgres: "512 MiB",
  bot: "512 MiB",
  webapp: "128 MiB",
  backup: "256 MiB",
  "backup-verifier": "256 MiB",
  prometheus: "512 MiB",
  alertmanager: "128 MiB",
  loki: "512 MiB",
  alloy: "256 MiB",
  promtail: "256 MiB",
  grafana: "512 MiB",
  cadvisor: "256 MiB",
  "node-exporter": "128 MiB",
  "postgres-exporter": "128 MiB",
  ...ownMemory,
};

/**
 * The least that each service is given. Docker itself takes 6 MiB, with which most of them are killed while they start, over
 * and over. Of Traefik (22 MiB), the socket proxy (6), Postgres (50) and the backups (18) it is what one without any load was
 * seen to use, up to the next power of two (`docker stats`, November 2026); of monitoring's, an eighth of the default. What the
 * application's own images need is theirs to say.
 */
export const leastMemory: Readonly<Record<ServiceName, Size>> = {
  traefik: "32 MiB",
  "socket-proxy": "8 MiB",
  postgres: "64 MiB",
  bot: "6 MiB",
  webapp: "6 MiB",
  backup: "32 MiB",
  "backup-verifier": "128 MiB",
  prometheus: "64 MiB",
  alertmanager: "16 MiB",
  loki: "64 MiB",
  alloy: "32 MiB",
  promtail: "32 MiB",
  grafana: "64 MiB",
  cadvisor: "32 MiB",
  "node-exporter": "16 MiB",
  "postgres-exporter": "16 MiB",
  ...(Object.fromEntries(ownNames.map((name): [string, Size] => [name, "6 MiB"])) as Record<
    OwnServiceName,
    Size
  >),
};
