import { bytes, cron, integer, key, list, map, pemCertificates, secretKey, text } from "./fields";
import { credentialNames, parseRepository } from "../repositories";

/** The configuration keys that are about backups: the nightly dumps, those before a migration, and the continuous ones. */
export const backupKeys = {
  backupSchedule: key(cron().default("15 3 * * *"), {
    description: "When the database is dumped: a cron expression of five fields, in UTC.",
    example: "15 3 * * *",
  }),
  backupKeep: key(integer(1, 10_000).default(14), {
    description: "How many scheduled dumps are kept at most. The newest is kept in any case.",
    example: "14",
  }),
  backupKeepDays: key(integer(1, 10_000).default(30), {
    description: "For how many days a scheduled dump is kept at most. The newest is kept in any case.",
    example: "30",
  }),
  backupVerify: key(cron().optional(), {
    description:
      "When the newest backups are restored into a throw-away server, to see that they can be: a cron expression of five fields, in UTC. It is a service of its own, `backup-verifier`. Default: never.",
    example: "45 4 * * 0",
  }),
  preMigrationKeep: key(integer(1, 10_000).default(10), {
    description: "How many dumps made before a migration are kept at most. The newest is kept in any case.",
    example: "10",
  }),
  preMigrationKeepDays: key(integer(1, 10_000).default(90), {
    description: "For how many days such a dump is kept at most. The newest is kept in any case.",
    example: "90",
  }),
  backupRepositories: key(
    list(
      text(/^[!-~]+$/, "must be an address without spaces").refine(
        (address) => parseRepository(address) !== undefined,
        "must be volume, or an address as s3://BUCKET/FOLDER?region=REGION, azure://ACCOUNT/CONTAINER/FOLDER, gs://BUCKET/FOLDER or sftp://USER@HOST/FOLDER?fingerprint=SHA256",
      ),
    )
      .refine((places) => places.length <= 2, "must be two places at most")
      .refine((places) => new Set(places).size === places.length, "must not name a place twice")
      .default([]),
    {
      description:
        "Where continuous backups go, one or two places: `volume` (`backup_data`), or an address at S3, Azure, Google or SFTP (docs/continuous-backups.md). Default: there are none, only the dumps.",
      example: "volume",
      list: true,
    },
  ),
  backupCredentials: secretKey(
    map(credentialNames, text(/^[^\0]{6,}$/, "must have at least 6 characters")).default({}),
    {
      description:
        "What opens the places of `backupRepositories`, each encrypted by itself: `s3Key` and `s3Secret`, `azureKey`, `gcsKey` (the JSON of a service account), `sftpKey` (a private key).",
      named: "s3Key",
    },
  ),
  backupCertificates: key(pemCertificates().optional(), {
    description:
      "Certificates of the authority that a store of one's own has its certificate from, in PEM form.",
    example: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
  }),
  backupPassphrase: secretKey(
    text(/^[!-~]{20,}$/, "must be at least 20 characters without spaces").optional(),
    {
      description:
        "What encrypts the continuous backups, to read those of a stack whose state is lost. Default: a generated one (the stack's output `backupPassphrase`).",
    },
  ),
  backupFull: key(cron().default("15 2 * * 0"), {
    description:
      "When a full backup is made for the continuous ones: a cron expression of five fields, in UTC.",
    example: "15 2 * * 0",
  }),
  backupDifferential: key(cron().default("15 2 * * 1-6"), {
    description:
      "When what has changed since the full backup is backed up: a cron expression of five fields, in UTC.",
    example: "15 2 * * 1-6",
  }),
  backupFullKeep: key(integer(1, 1000).default(4), {
    description:
      "How many full backups are kept at most, each with what leads on from it. The newest is kept in any case.",
    example: "4",
  }),
  backupFullKeepDays: key(integer(1, 9999).default(14), {
    description:
      "For how many days back any point in time can be restored, where `backupFullKeep` keeps enough.",
    example: "14",
  }),
  backupWalLimit: key(bytes("128 MiB", "1024 GiB").default("1 GiB"), {
    description:
      "How much of the write-ahead log may wait on the database's disk for a repository that cannot be reached. What is more is given up, with an alert and a new backup as soon as one can be made.",
    example: "1 GiB",
  }),
};
