import { z } from "zod";

import { cron, decimal, flag, integer, key, map, pairs, size, text, webUrl } from "./fields";
import { volumeNames } from "./volumes";

/** The services that a stack has only with `monitoring`. */
export const monitoringServices = [
  "prometheus",
  "alertmanager",
  "loki",
  "promtail",
  "grafana",
  "cadvisor",
  "node-exporter",
  "postgres-exporter",
] as const;
export type MonitoringService = (typeof monitoringServices)[number];

/** The services of the stack, as `memory` and `images` name them. */
export const serviceNames = [
  "traefik",
  "socket-proxy",
  "postgres",
  "bot",
  "webapp",
  "backup",
  ...monitoringServices,
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The images of the stack: one for each service, and the runner of the migrations. */
export const imageNames = [...serviceNames, "migrations"] as const;
export type ImageName = (typeof imageNames)[number];

/** The images that a stack needs, with and without `monitoring`. */
export function imagesFor(monitoring: boolean): ImageName[] {
  return imageNames.filter((name) => monitoring || !(monitoringServices as readonly string[]).includes(name));
}

/** Every configuration key of a stack: this is the one place where they are defined. */
export const keys = z.strictObject({
  domain: key(
    text(
      /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
      "must be a host name",
    ),
    { description: "Host name under which the edge serves the application.", example: "dating.example.com" },
  ),
  httpPort: key(integer(1, 65535).default(80), {
    description: "Port of the edge on the Docker host, on all interfaces.",
    example: "80",
  }),
  tls: key(z.enum(["off", "acme"], "must be off or acme").default("off"), {
    description:
      "`acme`: the edge gets a certificate for `domain` by itself and serves HTTPS; HTTP leads there. `off`: HTTP only, for development.",
    example: "acme",
  }),
  httpsPort: key(integer(1, 65535).default(443), {
    description: "Port of the edge for HTTPS, on all interfaces, where `tls` is `acme`.",
    example: "443",
  }),
  acmeEmail: key(text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "must be an e-mail address").optional(), {
    description: "Where the certificate authority writes to about the account.",
    example: "ops@example.com",
  }),
  acmeServer: key(webUrl().default("https://acme-v02.api.letsencrypt.org/directory"), {
    description:
      "The certificate authority's ACME directory. It asks for `domain` on port 80 (HTTP-01 challenge).",
    example: "https://acme-staging-v02.api.letsencrypt.org/directory",
  }),
  acmeCaCertificate: key(
    text(
      /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\s*$/,
      "must be one certificate in PEM form",
    ).optional(),
    {
      description: "What vouches for the ACME server's own certificate, where that is a private one.",
      example: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    },
  ),
  dockerHost: key(
    text(
      /^(unix:\/\/\/\S+|tcp:\/\/\S+|ssh:\/\/\S+)$/,
      "must be an address that begins with unix:///, ssh:// or tcp://",
    ).optional(),
    {
      description:
        "The Docker Engine to deploy to. Default: the one in `DOCKER_HOST`, else the local socket.",
      example: "ssh://deploy@dating.example.com",
    },
  ),
  networkRange: key(
    text(
      /^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}0\/24$/,
      "must be a range of 256 addresses, as in 198.18.7.0/24",
    ).optional(),
    {
      description:
        "Addresses that the stack's networks divide. Default: the Docker Engine gives each network a range, of which it has about 30.",
      example: "198.18.7.0/24",
    },
  ),
  localImages: key(flag().default(false), {
    description:
      "Use the images built from `images/` for every image that `images` does not name. For development only.",
    example: "true",
  }),
  images: key(map(imageNames, text(/^\S+$/, "must be an image reference")).default({}), {
    description: "Image of each service and of the migration runner, pinned by digest.",
    example: `registry.example.com/dating/bot:1.0.0@sha256:${"0123456789abcdef".repeat(4)}`,
  }),
  botToken: key(text(/^\d{6,}:[A-Za-z0-9_-]{30,}$/, "must be a token as @BotFather gives it"), {
    description: "The Telegram bot's token.",
    example: "",
    secret: true,
  }),
  botEnvironment: key(
    pairs(
      /^[A-Z][A-Z0-9_]*$/,
      "must be the name of an environment variable",
      z.string("must be text"),
    ).default({}),
    {
      description: "Further environment variables of the bot that are not secret.",
      example: "value",
      promoted: true,
    },
  ),
  webappUrl: key(webUrl().optional(), {
    description: "Public address of the web app. Default: the edge's.",
    example: "https://dating.example.com",
  }),
  photoCdnUrl: key(webUrl().optional(), {
    description: "Public address under which photos are served. Default: `/api/photos` of the edge.",
    example: "https://cdn.example.com",
  }),
  nsfwThreshold: key(decimal(0, 1).default(0.7), {
    description: "Score from which the bot refuses a photo.",
    example: "0.7",
    promoted: true,
  }),
  databaseName: key(text(/^[a-z_][a-z0-9_]{0,62}$/, "must be a lower-case SQL name").default("dating"), {
    description: "Name of the application's database and of the role that owns it.",
    example: "dating",
  }),
  databasePasswordVersion: key(integer(1, 1_000_000).default(1), {
    description: "Raise by one to rotate the passwords of all roles in the database but the superuser's.",
    example: "2",
  }),
  databasePassword: key(text(/^[!-~]{8,}$/, "must be at least 8 characters without spaces").optional(), {
    description:
      "The password of an adopted database, used while `databasePasswordVersion` is 1. Default: a generated one.",
    example: "",
    secret: true,
  }),
  jwtSecret: key(text(/^[!-~]{16,}$/, "must be at least 16 characters without spaces").optional(), {
    description: "What signs the users' sessions; another one logs everybody out. Default: a generated one.",
    example: "",
    secret: true,
  }),
  memory: key(map(serviceNames, size()).default({}), {
    description: "Memory limit of a service, where it differs from the default.",
    example: "512 MiB",
  }),
  volumes: key(
    map(volumeNames, text(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,}$/, "must be the name of a Docker volume")).default(
      {},
    ),
    {
      description: "Real name of a volume, to take over one that exists. Default: `dating-STACK_VOLUME`.",
      example: "dating_postgres_data",
    },
  ),
  backupSchedule: key(cron().default("15 3 * * *"), {
    description: "When the database is dumped: a cron expression of five fields, in UTC.",
    example: "15 3 * * *",
  }),
  backupKeep: key(integer(1, 10_000).default(14), {
    description: "How many scheduled dumps are kept at most. The newest is kept in any case.",
    example: "14",
  }),
  backupKeepDays: key(integer(1, 10_000).default(30), {
    description: "For how many days a scheduled dump is kept at most. The newest is kept in any case.",
    example: "30",
  }),
  preMigrationKeep: key(integer(1, 10_000).default(10), {
    description: "How many dumps made before a migration are kept at most. The newest is kept in any case.",
    example: "10",
  }),
  preMigrationKeepDays: key(integer(1, 10_000).default(90), {
    description: "For how many days such a dump is kept at most. The newest is kept in any case.",
    example: "90",
  }),
  monitoring: key(flag().default(false), {
    description:
      "Run Prometheus, Alertmanager, Loki, Promtail, Grafana, cAdvisor and the exporters beside the application.",
    example: "true",
  }),
  grafanaPort: key(integer(1, 65535).default(3000), {
    description: "Port of Grafana on the Docker host's loopback.",
    example: "3000",
  }),
  grafanaUrl: key(webUrl().optional(), {
    description:
      "Address under which this machine reaches Grafana, as through a tunnel. Default: `grafanaPort` of this machine.",
    example: "http://localhost:3000",
  }),
  alertChatId: key(
    text(/^-?[1-9]\d{0,15}$/, "must be the number of a Telegram chat")
      .transform(Number)
      .optional(),
    {
      description: "Telegram chat that gets the alerts. Default: they are shown and sent to nobody.",
      example: "-1001234567890",
    },
  ),
  alertBotToken: key(
    text(/^\d{6,}:[A-Za-z0-9_-]{30,}$/, "must be a token as @BotFather gives it").optional(),
    {
      description: "Token of the Telegram bot that sends the alerts. Default: `botToken`.",
      example: "",
      secret: true,
    },
  ),
  alertApiUrl: key(webUrl().default("https://api.telegram.org"), {
    description: "Address of the Bot API that alerts are sent to.",
    example: "https://api.telegram.org",
  }),
  healthTimeout: key(integer(5, 3600).default(90), {
    description: "Seconds that a new container has to become healthy before the deploy fails.",
    example: "90",
  }),
});
