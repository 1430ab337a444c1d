import * as pulumi from "@pulumi/pulumi";

import { readers } from "../../config/database-names";
import type { StackContext } from "../context";
import type { Database } from "../database";
import type { Networks } from "../networks";
import { Reader } from "../reader";
import { Workload } from "../workload";

export interface PostgresExporterArgs {
  context: StackContext;
  /** Image with the contract of the official `prometheuscommunity/postgres-exporter`. */
  image: string;
  database: Database;
  /** The internal network for the database, monitoring's for Prometheus. */
  networks: Networks;
}

const port = 9187;
const user = readers.metrics;
/**
 * Milliseconds that a question waits for a table. The sizes of tables cannot be read of one that a migration has locked, and what
 * waits for it would keep all other figures away, of those who wait for the same table, too.
 */
const lockTimeout = 1000;

/** Metrics of the database, asked with a role of its own that sees statistics and no rows. */
export class PostgresExporter extends pulumi.ComponentResource {
  constructor(name: string, args: PostgresExporterArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:PostgresExporter", name, {}, opts);
    const { context, database } = args;
    const reader = new Reader(this, name, { context, database, user, may: "pg_monitor" });
    createExporter(this, args, reader);
    this.registerOutputs();
  }
}

function createExporter(parent: PostgresExporter, args: PostgresExporterArgs, reader: Reader): Workload {
  const { context, database, networks } = args;
  const passwordFile = "/run/secrets/monitoring_password";
  return new Workload(
    "postgres-exporter",
    {
      context,
      service: "postgres-exporter",
      image: args.image,
      environment: {
        DATA_SOURCE_URI: `${database.connection.host}:5432/${database.connection.name}?sslmode=disable&lock_timeout=${lockTimeout}`,
        DATA_SOURCE_USER: user,
        DATA_SOURCE_PASS_FILE: passwordFile,
      },
      files: [{ path: passwordFile, content: reader.password.result }],
      networks: [
        { network: networks.internal },
        { network: networks.monitoring, aliases: ["postgres-exporter"] },
      ],
      // It answers in any case; what Postgres said to it is in the answer. With the database down it would be
      // unhealthy too, and that is an alert (DatabaseDown) but no reason to fail a deploy.
      health: {
        command: `wget -q -O - http://127.0.0.1:${port}/metrics | grep -q "^pg_up "`,
      },
      memory: context.memory("postgres-exporter"),
      filesystem: { writableBecause: "the password arrives as a file" },
      rollout: "stop-first",
    },
    { parent, dependsOn: [reader.ready] },
  );
}
