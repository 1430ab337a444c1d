import { join } from "node:path";

import type * as command from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { Duration } from "../config/units";
import { contentHash, projectRoot } from "../images/content";
import type { StackContext } from "./context";
import type { Database } from "./database";
import { secretHook } from "./hook";

export interface MigrationsArgs {
  context: StackContext;
  /** Image of the runner: Alembic without any revision. */
  image: string;
  database: Database;
  /** Where the dumps go that are made before the schema changes: `/pre-migration` in it. */
  backups: docker.Volume;
  /** How many of these dumps are kept at most. */
  keep: number;
  /** For how many days one is kept at most. The newest is kept in any case. */
  keepDays: number;
  /** How long pending migrations may take, with the dump before them. */
  timeout: Duration;
}

/**
 * Brings the database's schema up to the newest revision in `migrations/`: once for each content of that folder,
 * and once for a volume or a database of another name. Before the schema changes, the database is dumped. The revisions are sent to
 * the Docker host; none is baked into an image.
 */
export class Migrations extends pulumi.ComponentResource {
  /** What depends on this finds the schema that the checkout's revisions describe. */
  readonly applied: command.local.Command;

  constructor(name: string, args: MigrationsArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Migrations", name, {}, opts);
    this.applied = createUpgrade(this, name, args);
    this.registerOutputs();
  }
}

function createUpgrade(parent: Migrations, name: string, args: MigrationsArgs) {
  const { context, image, database } = args;
  const { connection } = database;
  return secretHook(
    `${name}-upgrade`,
    {
      create: "bash hooks/alembic.sh upgrade head",
      limit: args.timeout,
      // What was migrated, and how, is what people look for in the state.
      openOutput: true,
      // Another runner image or password is no reason to migrate again.
      update: "true",
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        IMAGE: image,
        NETWORK: `${context.prefix}-internal`,
        NAME: `${context.prefix}-migrations`,
        PGHOST: connection.host,
        PGDATABASE: connection.name,
        PGUSER: connection.user,
        VOLUME: args.backups.name,
        PRE_MIGRATION_KEEP: String(args.keep),
        PRE_MIGRATION_KEEP_DAYS: String(args.keepDays),
      },
      stdin: connection.password,
      triggers: [contentHash(join(projectRoot, "migrations")), database.volume.name, connection.name],
    },
    { parent, dependsOn: [database.ready], deleteBeforeReplace: true },
  );
}
