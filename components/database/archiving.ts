import { readFileSync } from "node:fs";
import { join } from "node:path";

import { toBytes, type Amount } from "../../config/units";
import type { PostgresSettings } from "../../config/postgres-settings";
import type { ContainerFile } from "../workload";

/** Bytes of a file of the write-ahead log, which initdb chooses: https://www.postgresql.org/docs/17/app-initdb.html */
const segment = 16 * 1024 * 1024;

/**
 * Seconds after which a file of the write-ahead log is ended that something was written to. Of the 60 that a dead host may cost,
 * the rest is for noticing it and for sending it.
 */
const longestSegment = 45;

const path = "/etc/pgbackrest-archive.sh";

/**
 * What a server needs to hand its write-ahead log to the backup service.
 *
 * @param walLimit how much of it may wait on the server's disk
 */
export function archiving(walLimit: Amount): { settings: PostgresSettings; files: ContainerFile[] } {
  const most = Math.floor(toBytes(walLimit) / segment);
  return {
    settings: {
      archive_mode: "on",
      archive_command: `bash ${path} %f ${most}`,
      archive_timeout: `${longestSegment}s`,
    },
    files: [{ path, content: readFileSync(join(__dirname, "pgbackrest-archive.sh"), "utf8") }],
  };
}
