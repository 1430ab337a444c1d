import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { photoPath, type BotRollout } from "../config/bot";
import type { BotSecret, BotSetting } from "../config/bot-variables";
import type { StackContext } from "./context";
import type { Database } from "./database";
import type { Edge } from "./edge";
import type { Migrations } from "./migrations";
import type { Networks } from "./networks";
import { Workload, type SharedVolume, type WorkloadArgs } from "./workload";

export interface BotArgs {
  context: StackContext;
  image: string;
  /** The whole command line, where it cannot be left to the image. */
  command?: string[];
  token: pulumi.Output<string>;
  /** Signs the users' sessions. @default a generated one */
  jwtSecret?: pulumi.Output<string>;
  webappUrl: string;
  photoCdnUrl: string;
  /** Score from which a photo is refused, 0 to 1. */
  nsfwThreshold: number;
  /** Further variables that are not secret. */
  environment: Record<string, string>;
  /** Further variables that are secret. */
  secrets: Record<string, pulumi.Output<string>>;
  /** `"stop-first"` for a bot of which only one may run, as one that polls Telegram. */
  rollout: BotRollout;
  /** Shell command that exits with 0 when the bot answers. @default curl asks `/health` */
  healthCommand?: string;
  /** Folders that the bot may write beside `/tmp`; they are empty in each new container. */
  writable: string[];
  database: Database;
  migrations: Migrations;
  networks: Networks;
  edge: Edge;
  photos: docker.Volume;
  /** What it finds healthy when it starts. */
  servers: pulumi.Resource[];
}

/** What every container of the bot's image has, whatever it runs. */
export type BotProgram = Pick<
  WorkloadArgs,
  "image" | "command" | "environment" | "secretEnvironment" | "networks" | "temporary"
> & {
  volumes: SharedVolume[];
};

/** The Telegram bot with its HTTP API. It starts only on a migrated database. */
export class Bot extends pulumi.ComponentResource {
  readonly service: Workload;
  readonly program: BotProgram;

  constructor(name: string, args: BotArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Bot", name, {}, opts);
    const jwtSecret = createJwtSecret(this, name);
    this.program = programOf(args, args.jwtSecret ?? jwtSecret.result);
    this.service = createService(this, args, this.program);
    this.registerOutputs();
  }
}

const port = 8080;

/** Signs the users' sessions; protected, as a new one logs everybody out. */
function createJwtSecret(parent: Bot, name: string): random.RandomPassword {
  return new random.RandomPassword(
    `${name}-jwt-secret`,
    { length: 48, special: false },
    { parent, protect: true, deleteBeforeReplace: false },
  );
}

function programOf(args: BotArgs, jwtSecret: pulumi.Output<string>): BotProgram {
  const { database, edge, networks } = args;
  const { host, name, user, password } = database.connection;
  const settings: Record<BotSetting, pulumi.Input<string>> = {
    API_HOST: "0.0.0.0",
    API_PORT: String(port),
    NSFW_THRESHOLD: String(args.nsfwThreshold),
    PHOTO_CDN_URL: args.photoCdnUrl,
    PHOTO_STORAGE_PATH: photoPath,
    WEBAPP_URL: args.webappUrl,
  };
  // The application reads them from its environment only.
  const secrets: Record<BotSecret, pulumi.Input<string>> = {
    BOT_DATABASE_URL: pulumi.interpolate`postgresql+asyncpg://${user}:${password.apply(encodeURIComponent)}@${host}:5432/${name}`,
    BOT_TOKEN: args.token,
    JWT_SECRET: jwtSecret,
  };
  return {
    image: args.image,
    command: args.command,
    environment: { ...args.environment, ...settings },
    secretEnvironment: { ...args.secrets, ...secrets },
    volumes: [{ volume: args.photos, path: photoPath, sharedBetweenReleases: true }],
    networks: [{ network: edge.network }, { network: networks.internal }],
    temporary: ["/tmp", ...args.writable],
  };
}

function createService(parent: Bot, args: BotArgs, program: BotProgram): Workload {
  const { context, database, edge } = args;
  return new Workload(
    "bot",
    {
      ...{ context, service: "bot", ...program },
      served: {
        ...{ edge, port, paths: "bot" },
        probes: [
          { path: "/health", type: "application/json", tellsRelease: false },
          { path: "/version", type: "application/json", tellsRelease: true },
        ],
      },
      health: {
        command:
          args.healthCommand ??
          `curl --fail --silent --show-error --max-time 3 http://127.0.0.1:${port}/health`,
        interval: "3 seconds",
        timeout: "4 seconds",
      },
      memory: context.memory("bot"),
      filesystem: "read-only",
      // One type for each of the two.
      ...(args.rollout === "start-first" ? { rollout: args.rollout } : { rollout: args.rollout }),
    },
    { parent, dependsOn: [database.ready, args.migrations.applied, ...args.servers] },
  );
}
