import { join } from "node:path";

import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { contentHash, projectRoot } from "../images/content";
import type { StackContext } from "./context";
import type { Database } from "./database";

export interface MigrationsArgs {
  context: StackContext;
  /** Image of the runner: Alembic without any revision. */
  image: string;
  database: Database;
}

/**
 * Brings the database's schema up to the newest revision in `migrations/`: once for each content of that folder,
 * and once for a volume of another name. The revisions are sent to the Docker host; none is baked into an image.
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

function createUpgrade(parent: Migrations, name: string, { context, image, database }: MigrationsArgs) {
  const { connection } = database;
  return new command.local.Command(
    `${name}-upgrade`,
    {
      create: "bash hooks/alembic.sh upgrade head",
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
      },
      stdin: connection.password,
      triggers: [contentHash(join(projectRoot, "migrations")), database.volume.name],
    },
    { parent, dependsOn: [database.ready], deleteBeforeReplace: true },
  );
}
