import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { readers } from "../config/database-names";
import { withRepositories, type Continuous, type ContinuousArgs } from "./backup/continuous";
import { Verifier } from "./backup/verifier";
import type { StackContext } from "./context";
import type { Database } from "./database";
import type { Migrations } from "./migrations";
import type { Networks } from "./networks";
import { Reader } from "./reader";
import { Workload } from "./workload";

export interface BackupArgs {
  context: StackContext;
  /** The image images/backup. */
  image: string;
  /** When a dump is made: a cron expression of five fields, in UTC. */
  schedule: string;
  /** How many dumps are kept at most. */
  keep: number;
  /** For how many days a dump is kept at most. The newest is kept in any case. */
  keepDays: number;
  database: Database;
  /** The first dump is of a migrated database. */
  migrations: Migrations;
  /** Where the dumps go: `/scheduled` in it. */
  volume: docker.Volume;
  /** The internal network for the database, monitoring's for the metrics, the edge's as a way out to a repository. */
  networks: Networks;
  /** When the newest backups are restored into a server of the stack's Postgres, and that image. @default never */
  verify?: { schedule: string; image: string };
  /** The continuous backups. @default there are none */
  continuous?: ContinuousArgs;
}

/**
 * Dumps the database on a schedule, with a role of its own that may read everything and change nothing. Where the stack has
 * continuous backups, it makes those, too.
 */
export class Backup extends pulumi.ComponentResource {
  /** What the continuous backups are encrypted with; undefined where there are none. */
  readonly passphrase?: pulumi.Output<string>;

  constructor(name: string, args: BackupArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Backup", name, {}, opts);
    const { context, database, networks } = args;
    const reader = new Reader(this, name, {
      ...{ context, database, user, may: "pg_read_all_data" },
      // What ./dating backup needs to know.
      facts: { PREFIX: context.prefix, PGHOST: database.connection.host, NETWORK: networks.internal.name },
      backsUp: args.continuous !== undefined,
    });
    const continuous = args.continuous && withRepositories(this, name, args.continuous, args);
    this.passphrase = continuous?.passphrase;
    createService(this, args, reader, continuous, createVerifier(this, args, reader));
    this.registerOutputs();
  }
}

/** Port of the metrics, on monitoring's network. */
export const metricsPort = 9101;

const user = readers.backups;

function createVerifier(parent: Backup, args: BackupArgs, reader: Reader): Verifier | undefined {
  if (!args.verify) return undefined;
  const { context, networks, verify } = args;
  return new Verifier(
    "backup-verifier",
    {
      ...{ context, networks, image: verify.image, password: reader.password.result },
      continuous: args.continuous !== undefined,
    },
    { parent },
  );
}

function createService(
  parent: Backup,
  args: BackupArgs,
  reader: Reader,
  continuous?: Continuous,
  verifier?: Verifier,
): Workload {
  const { context, database } = args;
  const passwordFile = "/run/secrets/backup_password";
  return new Workload(
    "backup",
    {
      context,
      service: "backup",
      image: args.image,
      environment: {
        BACKUP_KEEP: String(args.keep),
        BACKUP_KEEP_DAYS: String(args.keepDays),
        BACKUP_PASSWORD_FILE: passwordFile,
        BACKUP_SCHEDULE: args.schedule,
        BACKUP_STACK: pulumi.getStack(),
        PGDATABASE: database.connection.name,
        PGHOST: database.connection.host,
        PGUSER: user,
        ...(args.verify && { BACKUP_VERIFY: args.verify.schedule }),
        ...continuous?.environment,
      },
      files: [{ path: passwordFile, content: reader.password.result }, ...(continuous?.files ?? [])],
      volumes: [
        { volume: args.volume, path: "/backups" },
        ...(continuous?.volumes ?? []),
        ...(verifier?.volumes ?? []),
      ],
      networks: [
        // Postgres asks it to archive, and the verifier what to do.
        {
          network: args.networks.internal,
          aliases: continuous || args.verify ? ["backup"] : undefined,
        },
        { network: args.networks.monitoring, aliases: ["backup"] },
        ...(continuous?.networks ?? []),
      ],
      ...continuous?.rights,
      health: {
        // The schedule touches the file every 5 seconds, and removes it when a run has failed.
        command: "find /tmp/dating-backup-alive -newermt '-60 seconds' | grep -q .",
      },
      memory: context.memory("backup"),
      filesystem: { writableBecause: "the password arrives as a file" },
      rollout: "stop-first",
    },
    { parent, dependsOn: [reader.ready, args.migrations.applied] },
  );
}
