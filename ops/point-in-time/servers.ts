import { BackupError } from "../backups/archives/manifest";
import { psql } from "../backups/psql";
import { serverOf } from "../backups/restore-database";
import type { Target } from "../backups/target";
import { withReader, type Reader } from "./reader";

/** What the repositories have of one server. */
export interface ServerBackups {
  /** pgBackRest's name of it, its stanza: the number that initdb gave the server. */
  id: string;
  /** From when on any point in time can be restored. */
  from: Date;
  /** When the newest base backup was made. */
  newest: Date;
  /** Bytes of the server's files at that time. */
  bytes: number;
}

interface Info {
  name: string;
  repo: { key: number; status: { code: number; message: string } }[];
  backup: { timestamp: { start: number; stop: number }; info: { size: number } }[];
}

/** The status of a place that could not be read: images/backup/dating_backup/continuous/repository.py */
const unreadable = 99;

/**
 * The servers that the repositories have backups of, those with the newest last.
 *
 * @throws BackupError where none is found and a repository could not be read: as with a wrong passphrase
 */
export async function listServers(reader: Reader): Promise<ServerBackups[]> {
  const said = await reader.pgbackrest("info", "--output=json");
  // An error may have what no JSON may, as pieces of a file that was read with another passphrase.
  const found = JSON.parse(said.replace(/\p{Cc}+/gu, " ")) as Info[];
  const wrong = found
    .flatMap(({ repo }) => repo.filter(({ status }) => status.code === unreadable))
    .map(({ key, status }) => `repository ${key} cannot be read: ${status.message.split("\n")[0]}`);
  if (wrong.length > 0 && found.every(({ backup }) => backup.length === 0))
    throw new BackupError([...new Set(wrong), "Nothing was changed."].join("\n  "));
  for (const line of new Set(wrong)) console.error(`  ${line}`);
  return found
    .filter(({ backup }) => backup.length > 0)
    .map(({ name, backup }) => ({
      id: name,
      from: new Date(backup[0]!.timestamp.stop * 1000),
      newest: new Date(backup.at(-1)!.timestamp.stop * 1000),
      bytes: backup.at(-1)!.info.size,
    }))
    .sort((one, other) => one.newest.getTime() - other.newest.getTime());
}

/** The number that initdb gave the stack's server. @throws BackupError where it does not run */
export function serverId(target: Target): Promise<string> {
  return psql(serverOf(target), "postgres", "SELECT system_identifier FROM pg_control_system()");
}

/**
 * The server whose backups are to be restored: the one with a number, else the stack's own, else the only one that there is.
 *
 * @param own the stack's own; undefined where it does not answer
 * @throws BackupError that lists what there is
 */
export function chooseServer(
  servers: readonly ServerBackups[],
  asked: string | undefined,
  own: string | undefined,
): ServerBackups {
  const wanted = asked ?? own;
  const chosen = servers.find(({ id }) => id === wanted) ?? (wanted ? undefined : onlyOne(servers));
  if (chosen) return chosen;
  const missing = wanted ? `no complete backup of server ${wanted}` : "backups of several servers";
  throw new BackupError(
    servers.length === 0
      ? "The repositories have no complete backup yet. Nothing was changed."
      : [
          `The repositories have ${missing}. Choose one with --server; nothing was changed.`,
          ...servers.map(describeServer),
        ].join("\n  "),
  );
}

const onlyOne = (servers: readonly ServerBackups[]) => (servers.length === 1 ? servers[0] : undefined);

/** One line about a server's backups, for people. */
export function describeServer({ id, from, newest }: ServerBackups): string {
  return `server ${id}: any time from ${from.toISOString()} on, the newest base backup of ${newest.toISOString()}`;
}

/** What can be restored from the repositories of a stack: a line for each server. */
export async function pointsOf(target: Target): Promise<string[]> {
  const servers = await withReader(target, listServers);
  return servers.length > 0 ? servers.map(describeServer) : ["The repositories have no complete backup yet."];
}
