import { z } from "zod";

import { backupKeys } from "./backup";
import { botRollouts, canBeWritable } from "../bot";
import { isReserved, longestDatabaseName } from "../database-names";
import { edgeKeys } from "./edge";
import { frontKeys } from "./front";
import {
  day,
  decimal,
  flag,
  imageReference,
  integer,
  key,
  list,
  map,
  pairs,
  secretKey,
  size,
  text,
  webUrl,
} from "./fields";
import { hasMiniApp, ownNames, ownPrograms, type OwnServiceName } from "../own-services";
import { projectName } from "../project";
import {
  builtInServices,
  logCollectors,
  miniAppServices,
  monitoringServices,
  verifier,
  type BuiltInService,
  type LogCollector,
} from "../services/built-in";
import { variableName } from "../services/schema";
import { swarmKeys } from "./swarm";
import { volumeNames } from "../volumes";

export {
  logCollectors,
  monitoringServices,
  verifier,
  type LogCollector,
  type MonitoringService,
} from "../services/built-in";

const absent: readonly string[] = hasMiniApp ? [] : miniAppServices;

/** A service of a stack. */
export type ServiceName = BuiltInService | OwnServiceName;

/** The services of the stack, as `memory` and `images` name them. */
export const serviceNames: readonly ServiceName[] = [
  ...builtInServices.filter((name) => !absent.includes(name)),
  ...ownNames,
];

const ofOthers: readonly string[] = [...ownPrograms, verifier];

/** An image of a stack. */
export type ImageName = Exclude<ServiceName, typeof verifier> | "migrations";

/** The images of the stack: one for each service but for those that run another one's, and the runner of the migrations. */
export const imageNames: readonly ImageName[] = [
  ...serviceNames.filter((name): name is Exclude<ImageName, "migrations"> => !ofOthers.includes(name)),
  "migrations",
];

/** The major versions of Postgres that a stack can have. */
export const postgresVersions = ["15", "16", "17", "18"] as const;
export type PostgresVersion = (typeof postgresVersions)[number];
/** What a new stack gets: the newest that Debian has, whose programs make the dumps. */
export const standardPostgres: PostgresVersion = "17";

/**
 * Which image a service gets that `images` does not name: its name in `images/`, `offline/images/` and
 * `images/official.yaml`. Only Postgres has more than one, as a major version reads no other's data.
 */
export function imageFor(name: ImageName, postgresVersion: PostgresVersion): string {
  return name === "postgres" && postgresVersion !== standardPostgres ? `postgres-${postgresVersion}` : name;
}

/** The services that a stack has, with and without `monitoring` and `backupVerify`. */
export function servicesFor(
  monitoring: boolean,
  collector: LogCollector = logCollectors[0],
  verifies = false,
): ServiceName[] {
  return serviceNames.filter((name) => isIn(name, monitoring, collector) && (verifies || name !== verifier));
}

/** The images that a stack needs, with and without `monitoring`. */
export function imagesFor(monitoring: boolean, collector: LogCollector = logCollectors[0]): ImageName[] {
  return imageNames.filter((name) => isIn(name, monitoring, collector));
}

function isIn(name: string, monitoring: boolean, collector: LogCollector): boolean {
  const others: readonly string[] = logCollectors.filter((other) => other !== collector);
  const left: readonly string[] = monitoring ? others : monitoringServices;
  return !left.includes(name);
}

/** This host, loopback, link-local, multicast and reserved addresses (RFC 6890): no network can be made of them. */
const noNetwork = /^(0|127|169\.254|22[4-9]|2[3-5]\d)\./;

const token = text(/^\d{6,}:[A-Za-z0-9_-]{30,}$/, "must be a token as @BotFather gives it");
/** Secrets by the names of environment variables. */
const variables = () =>
  pairs(
    variableName,
    "must be the name of an environment variable",
    // A shorter one would black out ordinary words where it is taken out of what is shown (ops/review/values.ts).
    text(/^[^\0]{6,}$/, "must have at least 6 characters"),
  ).default({});

/** Every configuration key of a stack: this is the one place where they are defined. */
export const keys = z.strictObject({
  ...edgeKeys,
  ...frontKeys,
  ...swarmKeys,
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
  dockerSocket: key(
    text(/^(\/[A-Za-z0-9._-]+)+$/, "must be an absolute path").default("/var/run/docker.sock"),
    {
      description:
        "Where the Docker Engine's socket is on its host. A rootless one has it at `/run/user/UID/docker.sock`.",
      example: "/run/user/1000/docker.sock",
    },
  ),
  networkRange: key(
    text(
      /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}0\/24$/,
      "must be a range of 256 addresses, as in 198.18.7.0/24",
    )
      .refine(
        (range) => !noNetwork.test(range),
        "is of those that a machine keeps for itself, or that are no machine's; choose another, as in 198.18.7.0/24",
      )
      .optional(),
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
  images: key(map(imageNames, imageReference()).default({}), {
    description: "Image of each service and of the migration runner, pinned by digest.",
    example: `registry.example.com/dating/bot:1.0.0@sha256:${"0123456789abcdef".repeat(4)}`,
  }),
  keepReleases: key(integer(1, 1000).default(5), {
    description:
      "Of how many of its last releases a stack keeps the images on the Docker host. A deploy removes older ones at its end, but for what a rollback needs and what other stacks there need.",
    example: "5",
  }),
  // Where there is no bot, nobody reads it.
  botToken: secretKey(hasMiniApp ? token : (token.optional() as unknown as typeof token), {
    description: "The Telegram bot's token.",
  }),
  botEnvironment: key(
    pairs(
      variableName,
      "must be the name of an environment variable",
      z.string("must be text").regex(/^[^\0]*$/, "must be text without a zero byte"),
    ).default({}),
    {
      description: "Further environment variables of the bot that are not secret.",
      example: "value",
      named: "NAME",
      secretsIn: "botSecrets",
      promoted: true,
    },
  ),
  botSecrets: secretKey(variables(), {
    description:
      "Further environment variables of the bot that are secret, each encrypted by itself. They are the stack's own: no promotion, rollback or preview environment takes them along.",
    named: "NAME",
  }),
  serviceSecrets: secretKey(variables(), {
    description:
      "Secrets of the services in `services.yaml`, by the names under which these ask for them, each encrypted by itself. They are the stack's own, as `botSecrets` are.",
    named: "NAME",
  }),
  botRollout: key(z.enum(botRollouts, "must be start-first or stop-first").default("start-first"), {
    description:
      "How a new release of the bot takes over. `start-first`: beside the old one, which goes on until the new one serves; no request is lost. `stop-first`: after it, for a bot of which Telegram allows only one (`getUpdates`); for some seconds, requests get 503.",
    example: "stop-first",
    promoted: true,
  }),
  botHealthCommand: key(text(/^[^\0\r\n]+$/, "must be one line").optional(), {
    description:
      "Shell command that exits with 0 when the bot answers, for an image without curl. Default: `curl` asks `/health`.",
    example: "wget -qO- http://127.0.0.1:8080/health",
    promoted: true,
  }),
  botWritable: key(
    list(
      text(/^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/, "must be an absolute path").refine(
        canBeWritable,
        "is a folder that the bot has already, or that cannot be given to it",
      ),
    ).default([]),
    {
      description:
        "Folders that the bot may write beside `/tmp` and the photos: each is 64 MiB of memory at most, and empty in a new container.",
      example: "/app/cache",
      list: true,
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
  databaseName: key(
    text(/^[a-z_][a-z0-9_]*$/, "must be a lower-case SQL name")
      .max(longestDatabaseName, `must have ${longestDatabaseName} characters at most`)
      .refine((name) => !isReserved(name), "is a name that Postgres or the stack itself has; choose another")
      .default(projectName.replace(/\W/g, "_")),
    {
      description:
        "Name of the application's database and of the role that owns it. Another name is another database: nothing moves.",
      example: "dating",
    },
  ),
  postgresVersion: key(z.enum(postgresVersions, "must be 15, 16, 17 or 18").default(standardPostgres), {
    description:
      "Major version of Postgres, where `images` does not name its image: 15 to 18. It is chosen for a new stack; a major version reads no other's data.",
    example: standardPostgres,
  }),
  postgresSettings: key(
    pairs(
      /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/,
      "must be the name of a server setting",
      z.string("must be text").regex(/^[^\0\r\n]+$/, "must be one line of text"),
    ).default({}),
    {
      description:
        "Settings of the Postgres server, by their names; the image's own Postgres checks them before a deploy. Those for memory follow from `memory.postgres`.",
      example: "200",
      named: "max_connections",
    },
  ),
  databaseExtensions: key(list(text(/^[a-z_][a-z0-9_-]*$/, "must be the name of an extension")).default([]), {
    description:
      "Extensions that the superuser makes in the application's database before the migrations run. One that is taken off the list stays, as data may depend on it.",
    example: "pg_trgm",
    list: true,
    promoted: true,
  }),
  databasePasswordVersion: key(integer(1, 1_000_000).default(1), {
    description: "Raise by one to rotate the passwords of all roles in the database but the superuser's.",
    example: "2",
  }),
  databasePassword: secretKey(
    text(/^[!-~]{8,}$/, "must be at least 8 characters without spaces").optional(),
    {
      description:
        "The password of an adopted database, used while `databasePasswordVersion` is 1. Default: a generated one.",
    },
  ),
  jwtSecret: secretKey(text(/^[!-~]{16,}$/, "must be at least 16 characters without spaces").optional(), {
    description: "What signs the users' sessions; another one logs everybody out. Default: a generated one.",
  }),
  memory: key(map(serviceNames, size()).default({}), {
    description: "Memory limit of a service, where it differs from the default.",
    example: "512 MiB",
  }),
  volumes: key(
    map(
      volumeNames,
      text(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/, "must be the name of a Docker volume"),
    ).default({}),
    {
      description: "Real name of a volume, to take over one that exists. Default: `dating-STACK_VOLUME`.",
      example: "dating_postgres_data",
    },
  ),
  ...backupKeys,
  monitoring: key(flag().default(false), {
    description:
      "Run Prometheus, Alertmanager, Loki, a log collector, Grafana, cAdvisor and the exporters beside the application.",
    example: "true",
  }),
  logCollector: key(z.enum(logCollectors, "must be alloy or promtail").default(logCollectors[0]), {
    description:
      "What sends the containers' logs to Loki, Grafana Alloy or Promtail, which has had no updates since March 2026.",
    example: "alloy",
  }),
  lokiTsdbFrom: key(day("2020-10-25").optional(), {
    description:
      "First day (UTC) of Loki's present schema in a volume with older logs, which stay readable; never to be changed once it has begun. Default: there are none.",
    example: "2027-02-01",
  }),
  grafanaPort: key(integer(1, 65535).default(3000), {
    description: "Port of Grafana on the Docker host's loopback.",
    example: "3000",
  }),
  grafanaUrl: key(webUrl().optional(), {
    description:
      "Address under which the machine that deploys reaches Grafana. Default: `grafanaPort` of this machine; on a Docker host that is reached over SSH, a tunnel that each command opens and ends.",
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
  alertBotToken: secretKey(
    text(/^\d{6,}:[A-Za-z0-9_-]{30,}$/, "must be a token as @BotFather gives it").optional(),
    {
      description: "Token of the Telegram bot that sends the alerts. Default: `botToken`.",
    },
  ),
  heartbeatUrl: secretKey(webUrl().optional(), {
    description:
      "Address of an outside service that expects a call (POST) every five minutes, and tells a person when none comes, as Healthchecks does: a dead host tells nobody itself.",
  }),
  alertApiUrl: key(webUrl().default("https://api.telegram.org"), {
    description: "Address of the Bot API that alerts are sent to.",
    example: "https://api.telegram.org",
  }),
  healthTimeout: key(integer(5, 3600).default(90), {
    description: "Seconds that a new container has to become healthy before the deploy fails.",
    example: "90",
  }),
  migrationTimeout: key(integer(60, 86_400).default(3600), {
    description:
      "Seconds that pending migrations may take, with the dump before them. Then they are stopped and rolled back, and the deploy fails.",
    example: "3600",
  }),
});
