import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import type { Config } from "../../config";
import { dataFolder } from "../../config/postgres-settings";
import { parseRepository, type CredentialName, type Repository } from "../../config/repositories";
import { onlyReadsLabel } from "../../config/volumes";
import type { Database } from "../database";
import type { Networks } from "../networks";
import type { Attachment, Capability, ContainerFile, MountedVolume } from "../workload";
import { configurationFile, repositoryFiles } from "./pgbackrest";

/** The continuous backups of a stack. */
export interface ContinuousArgs {
  /** One or two. */
  repositories: Repository[];
  credentials: { [name in CredentialName]?: pulumi.Output<string> };
  /** Of the authority of a store of one's own, in PEM form. */
  certificates?: string;
  /** @default a generated one */
  passphrase?: pulumi.Output<string>;
  /** When base backups are made: cron expressions of five fields, in UTC. */
  schedule: { full: string; differential: string };
  /** How many full backups are kept at most, and how many days back any point in time can be restored. */
  keep: number;
  keepDays: number;
}

/** What the service gets for them beside what it has. */
export interface Continuous {
  passphrase: pulumi.Output<string>;
  environment: Record<string, string>;
  files: ContainerFile[];
  volumes: MountedVolume[];
  networks: Attachment[];
  rights: { user: string; capabilities: Capability[]; labels: Record<string, string> };
}

/** The continuous backups as the configuration has them; undefined where it names no place. */
export function continuousBackups(config: Config): ContinuousArgs | undefined {
  if (config.backupRepositories.length === 0) return undefined;
  return {
    repositories: config.backupRepositories.map((address) => parseRepository(address)!),
    credentials: config.backupCredentials,
    certificates: config.backupCertificates,
    passphrase: config.backupPassphrase,
    schedule: { full: config.backupFull, differential: config.backupDifferential },
    keep: config.backupFullKeep,
    keepDays: config.backupFullKeepDays,
  };
}

/** What makes the service make continuous backups, too. */
export function withRepositories(
  parent: pulumi.Resource,
  name: string,
  args: ContinuousArgs,
  { database, networks }: { database: Database; networks: Networks },
): Continuous {
  const passphrase = args.passphrase ?? generatePassphrase(parent, name).result;
  return {
    passphrase,
    environment: {
      BACKUP_REPOSITORIES: args.repositories.map(({ kind }) => kind).join(" "),
      BACKUP_FULL: args.schedule.full,
      BACKUP_DIFFERENTIAL: args.schedule.differential,
      BACKUP_FULL_KEEP: String(args.keep),
      PGDATA: dataFolder,
    },
    files: [configurationFile(args, passphrase), ...repositoryFiles(args)],
    volumes: [{ volume: database.volume, path: dataFolder, readOnly: true }],
    networks: args.repositories.some(({ remote }) => remote) ? [{ network: networks.edge }] : [],
    rights: {
      // Which user's the files of Postgres are is the image's; root gives the repository to that one and becomes it.
      user: "0",
      capabilities: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETGID", "CAP_SETUID"],
      labels: { [onlyReadsLabel]: "postgres_data" },
    },
  };
}

/** Protected: without it nothing in the repositories can be read, and they stay when the stack goes. 32 of 62 kinds are 190 bits. */
function generatePassphrase(parent: pulumi.Resource, name: string): random.RandomPassword {
  return new random.RandomPassword(
    `${name}-passphrase`,
    { length: 32, special: false },
    { parent, protect: true, deleteBeforeReplace: false },
  );
}
