/** What can send the containers' logs to Loki: a stack has one of them, and the first if it names none. */
export const logCollectors = ["alloy", "promtail"] as const;
export type LogCollector = (typeof logCollectors)[number];

/** The services that a stack has only with `monitoring`, with every log collector. */
export const monitoringServices = [
  "prometheus",
  "alertmanager",
  "loki",
  ...logCollectors,
  "grafana",
  "cadvisor",
  "node-exporter",
  "postgres-exporter",
] as const;
export type MonitoringService = (typeof monitoringServices)[number];

/** The services of the Dating Mini App: an application of one's own may be without them. */
export const miniAppServices = ["bot", "webapp"] as const;
export type MiniAppService = (typeof miniAppServices)[number];

/** Restores backups to see that they can be: a stack has it with `backupVerify`. It runs the image of Postgres. */
export const verifier = "backup-verifier";

/** The services that this program brings along. */
export const builtInServices = [
  "traefik",
  "socket-proxy",
  "postgres",
  ...miniAppServices,
  "backup",
  verifier,
  ...monitoringServices,
] as const;
export type BuiltInService = (typeof builtInServices)[number];
