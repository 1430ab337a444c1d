import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { cron, decimal, flag, integer, key, map, metaOf, pairs, size, text, webUrl } from "./config/fields";
import { check, ConfigurationError, setCommand, type Problem, type RawConfig } from "./config/problems";
import { localImage } from "./images/content";

/** The services that a stack has only with `monitoring`. */
export const monitoringServices = [
  "prometheus",
  "alertmanager",
  "loki",
  "promtail",
  "grafana",
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

/** The volumes that hold data; each survives every deploy. */
export const volumeNames = [
  "postgres_data",
  "traefik_certs",
  "photo_storage",
  "backup_data",
  // Also without `monitoring`: switched off and on again, it finds its history.
  "prometheus_data",
  "loki_data",
  "grafana_data",
] as const;
export type VolumeName = (typeof volumeNames)[number];

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
      "Run Prometheus, Alertmanager, Loki, Promtail, Grafana and the exporters beside the application.",
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

type Values = z.output<typeof keys>;

/** A stack's configuration, complete and checked, with its secrets as they are. */
export interface PlainConfig extends Omit<Values, "images"> {
  /** The image of every service: one reference, in one form. */
  images: Record<Exclude<ImageName, MonitoringService>, string>;
  /** Those of monitoring, in a stack that has it. */
  monitoringImages?: Record<MonitoringService, string>;
}

/** A stack's configuration, complete and checked. */
export interface Config extends Omit<
  PlainConfig,
  "alertBotToken" | "botToken" | "databasePassword" | "jwtSecret"
> {
  /** The token of whoever sends the alerts. */
  alertBotToken: pulumi.Output<string>;
  botToken: pulumi.Output<string>;
  databasePassword?: pulumi.Output<string>;
  jwtSecret?: pulumi.Output<string>;
}

/**
 * Checks a raw configuration as a whole.
 *
 * @throws ConfigurationError that lists all problems at once
 */
export function parseConfig(raw: RawConfig): PlainConfig {
  const { values, problems } = check(keys, raw);
  const images = resolveImages(raw);
  const all = [...problems, ...images.problems, ...(values ? portProblems(raw, values) : [])];
  if (all.length > 0 || !values) throw new ConfigurationError(raw.stack, all);
  const references = images.references as Record<ImageName, string>;
  return { ...values, images: references, monitoringImages: values.monitoring ? references : undefined };
}

// Part of the SDK, but not of its declarations: the public reader of a value does not tell how it is stored.
const { isConfigSecret } = pulumi.runtime as unknown as {
  isConfigSecret: (this: void, key: string) => boolean;
};

/**
 * Reads the configuration of the stack that is being deployed.
 *
 * @throws ConfigurationError that lists all problems at once, before any resource is registered
 */
export function loadConfig(): Config {
  const namespace = pulumi.getProject();
  const values = Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([name]) => name.startsWith(`${namespace}:`))
      .map(([name, value]) => [name.slice(namespace.length + 1), value]),
  );
  const secretKeys = new Set(Object.keys(values).filter((name) => isConfigSecret(`${namespace}:${name}`)));
  const parsed = parseConfig({ namespace, stack: pulumi.getStack(), values, secretKeys });
  const { databasePassword, jwtSecret } = parsed;
  return {
    ...parsed,
    alertBotToken: pulumi.secret(parsed.alertBotToken ?? parsed.botToken),
    botToken: pulumi.secret(parsed.botToken),
    databasePassword: databasePassword === undefined ? undefined : pulumi.secret(databasePassword),
    jwtSecret: jwtSecret === undefined ? undefined : pulumi.secret(jwtSecret),
  };
}

/** HTTPS needs a port of its own beside the one on which HTTP leads there. */
function portProblems(raw: RawConfig, { tls, httpPort, httpsPort }: Values): Problem[] {
  if (tls === "off" || httpPort !== httpsPort) return [];
  return [
    {
      key: `${raw.namespace}:httpsPort`,
      problem: `is ${httpsPort}, and so is httpPort; with tls they must differ`,
      command: setCommand(raw, ["httpsPort"], metaOf(keys.shape.httpsPort)),
    },
  ];
}

/** The edge's base URL. */
export function edgeUrl(config: Pick<Config, "domain" | "httpPort" | "httpsPort" | "tls">): string {
  const [scheme, port, usual] =
    config.tls === "acme" ? ["https", config.httpsPort, 443] : ["http", config.httpPort, 80];
  return `${scheme}://${config.domain}${port === usual ? "" : `:${port}`}`;
}

/** An image for every service: the configured one, else the local one where the stack allows it. */
function resolveImages(raw: RawConfig): {
  references: Partial<Record<ImageName, string>>;
  problems: Problem[];
} {
  const references: Partial<Record<ImageName, string>> = {};
  const problems: Problem[] = [];
  const local = keys.shape.localImages.safeParse(raw.values.localImages).data;
  const configured = keys.shape.images.safeParse(raw.values.images).data;
  // Values of a wrong type are reported with the other keys.
  if (local === undefined || configured === undefined) return { references, problems };

  for (const name of imagesFor(raw.values.monitoring === "true")) {
    const reference = configured[name];
    if (local || (reference && /@sha256:[0-9a-f]{64}$/.test(reference))) {
      references[name] = reference ?? localImage(name);
      continue;
    }
    const key = `${raw.namespace}:images.${name}`;
    problems.push(
      reference
        ? {
            key,
            problem: "must be pinned by digest (NAME:TAG@sha256:…), as a tag can move",
            command: `make lock-images STACK=${raw.stack}`,
          }
        : {
            key,
            problem: "is missing",
            command: setCommand(raw, ["images", name], {
              description: "",
              example: `registry.example.com/dating/${name}:1.0.0@sha256:DIGEST`,
            }),
          },
    );
  }
  return { references, problems };
}
