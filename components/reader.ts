import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import type { StackContext } from "./context";
import type { Database } from "./database";
import { secretHook } from "./hook";

export interface ReaderArgs {
  context: StackContext;
  database: Database;
  /** The role's name. */
  user: string;
  /** What it may read: every row, past row-level security, for dumps; or the server's statistics and no row. */
  may: "pg_read_all_data" | "pg_monitor";
  /** Whether it may also begin and end base backups. @default false */
  backsUp?: boolean;
  /** What the project's commands need to know of the role. */
  facts?: Record<string, pulumi.Input<string>>;
}

/** A role of a service's own in the database, which reads and never writes, with a password that rotates with the application's. */
export class Reader {
  readonly password: random.RandomPassword;
  /** What depends on this can log in. */
  readonly ready: command.local.Command;

  constructor(parent: pulumi.Resource, name: string, args: ReaderArgs) {
    this.password = new random.RandomPassword(
      `${name}-password`,
      { length: 32, special: false, keepers: { version: String(args.database.passwordVersion) } },
      { parent, deleteBeforeReplace: false },
    );
    this.ready = createRole(parent, name, args, this.password);
  }
}

function createRole(
  parent: pulumi.Resource,
  name: string,
  { context, database, user, may, backsUp, facts }: ReaderArgs,
  password: random.RandomPassword,
): command.local.Command {
  return secretHook(
    `${name}-role`,
    {
      create: "bash hooks/provision-reader.sh",
      limit: "2 minutes",
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        STACK: context.prefix,
        SUPERUSER: database.superuser,
        DATABASE: database.connection.name,
        ROLE: user,
        MAY: may,
        ...(backsUp && { BACKS_UP: "yes" }),
        ...facts,
      },
      stdin: password.result,
      triggers: [database.volume.name],
    },
    { parent, dependsOn: [database.ready], deleteBeforeReplace: true },
  );
}
