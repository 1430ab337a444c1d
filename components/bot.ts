import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import type { BotVariable } from "../config/bot-variables";
import type { StackContext } from "./context";
import type { Database } from "./database";
import type { Migrations } from "./migrations";
import type { Networks } from "./networks";
import { routeLabels } from "./routes";
import { Workload } from "./workload";

export interface BotArgs {
  context: StackContext;
  image: string;
  /** Host name under which the edge serves the API. */
  domain: string;
  token: pulumi.Output<string>;
  /** Signs the users' sessions. @default a generated one */
  jwtSecret?: pulumi.Output<string>;
  webappUrl: string;
  photoCdnUrl: string;
  /** Score from which a photo is refused, 0 to 1. */
  nsfwThreshold: number;
  /** Further variables that are not secret. */
  environment: Record<string, string>;
  database: Database;
  migrations: Migrations;
  networks: Networks;
  photos: docker.Volume;
}

/** The Telegram bot with its HTTP API. It starts only on a migrated database. */
export class Bot extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: BotArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Bot", name, {}, opts);
    const jwtSecret = createJwtSecret(this, name);
    this.container = createService(this, args, args.jwtSecret ?? jwtSecret.result).container;
    this.registerOutputs();
  }
}

const port = 8080;
const photoPath = "/app/photos";

/** Signs the users' sessions; protected, as a new one logs everybody out. */
function createJwtSecret(parent: Bot, name: string): random.RandomPassword {
  return new random.RandomPassword(
    `${name}-jwt-secret`,
    { length: 48, special: false },
    { parent, protect: true, deleteBeforeReplace: false },
  );
}

function createService(parent: Bot, args: BotArgs, jwtSecret: pulumi.Output<string>): Workload {
  const { context, database, domain, networks } = args;
  const { host, name, user, password } = database.connection;
  const paths = "PathPrefix(`/api/`) || Path(`/health`) || Path(`/version`)";
  const variables: Record<BotVariable, pulumi.Input<string>> = {
    API_HOST: "0.0.0.0",
    API_PORT: String(port),
    // The application reads its secrets from the environment only, so `docker inspect` shows them.
    BOT_DATABASE_URL: pulumi.interpolate`postgresql+asyncpg://${user}:${password.apply(encodeURIComponent)}@${host}:5432/${name}`,
    BOT_TOKEN: args.token,
    JWT_SECRET: jwtSecret,
    NSFW_THRESHOLD: String(args.nsfwThreshold),
    PHOTO_CDN_URL: args.photoCdnUrl,
    PHOTO_STORAGE_PATH: photoPath,
    WEBAPP_URL: args.webappUrl,
  };
  return new Workload(
    "bot",
    {
      context,
      service: "bot",
      image: args.image,
      environment: { ...variables, ...args.environment },
      volumes: [{ volume: args.photos, path: photoPath, sharedBetweenReleases: true }],
      // The name is where Prometheus finds it.
      networks: [{ network: networks.edge }, { network: networks.internal, aliases: ["bot"] }],
      labels: routeLabels(context, { service: "bot", rule: `Host(\`${domain}\`) && (${paths})`, port }),
      health: {
        command: `curl --fail --silent --show-error --max-time 3 http://127.0.0.1:${port}/health`,
        interval: "3 seconds",
        timeout: "4 seconds",
        retries: 2,
      },
      memory: context.memory("bot", "512 MiB"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "start-first",
    },
    { parent, dependsOn: [database.ready, args.migrations.applied] },
  );
}
