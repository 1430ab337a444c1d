import { Backup } from "../components/backup";
import { continuousBackups } from "../components/backup/continuous";
import { Database } from "../components/database";
import { Migrations } from "../components/migrations";
import type { Ground } from "./ground";

/** The database, and the schema that this release needs. */
export interface Data {
  database: Database;
  migrations: Migrations;
}

/** Postgres, brought up to the newest revision of the schema. */
export function createData({ config, context, images, networks, volumes, onHost }: Ground): Data {
  const database = new Database(
    "database",
    {
      context,
      image: images.postgres,
      settings: config.postgresSettings,
      extensions: config.databaseExtensions,
      name: config.databaseName,
      passwordVersion: config.databasePasswordVersion,
      firstPassword: config.databasePassword,
      volume: volumes.postgres_data,
      network: networks.internal,
      walLimit: config.backupRepositories.length > 0 ? config.backupWalLimit : undefined,
    },
    onHost,
  );
  const migrations = new Migrations(
    "migrations",
    {
      context,
      image: images.migrations,
      database,
      backups: volumes.backup_data,
      keep: config.preMigrationKeep,
      keepDays: config.preMigrationKeepDays,
      timeout: `${config.migrationTimeout} seconds`,
    },
    onHost,
  );
  return { database, migrations };
}

/** The dumps by the clock, and the continuous backups of a stack that has a place for them. */
export function createBackup(
  { config, context, images, networks, volumes, onHost }: Ground,
  data: Data,
): Backup {
  return new Backup(
    "backup",
    {
      ...{ context, networks, ...data },
      image: images.backup,
      schedule: config.backupSchedule,
      keep: config.backupKeep,
      keepDays: config.backupKeepDays,
      volume: volumes.backup_data,
      verify: config.backupVerify ? { schedule: config.backupVerify, image: images.postgres } : undefined,
      continuous: continuousBackups(config),
    },
    onHost,
  );
}
