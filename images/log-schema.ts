import { RunError } from "@pulumi/pulumi/errors";

import { projectName } from "../config/project";
import { dockerCli, inVolume, type Docker } from "./in-volume";

/** Where Loki's logs are, and what is to run on them. */
export interface StoredLogs {
  stack: string;
  /** What the label of the container that runs on the logs already says, if one does and has it. */
  running?: string;
  /** The volume with the logs; undefined where it is not there, or a preview could not ask. */
  volume?: string;
  /** An image with a shell that looks into the volume. */
  image: string;
  /** First day of the present schema, as in 2027-02-01. Default: it holds from the beginning. */
  tsdbFrom?: string;
  /** The Docker Engine's address. Default: the CLI's own. */
  dockerHost?: string;
  /** Whether the image has to answer: a preview may be made before it is there, a deploy may not. */
  mustAnswer: boolean;
}

/** Label of Loki's container that tells its schema, so that nobody has to look into the volume. */
export const schemaLabel = "dating.loki-schema";

/** What that label says. */
export function schemaText(tsdbFrom: string | undefined): string {
  return tsdbFrom ? `v11, v13 from ${tsdbFrom}` : "v13";
}

/** The days, counted from 1970-01-01 (UTC), of which the volume has an index of each schema. */
export interface IndexedDays {
  v11: number[];
  v13: number[];
}

/** Prints the index folders: those that are written, and those that are complete. */
const listIndexes = "find /loki -maxdepth 3 -name '*index_*' -not -path '*-cache/*'";

/**
 * Refuses a day on which the schema changes, or the lack of one, with which Loki would not find logs that are in the volume:
 * it looks for a day's index in the schema of that day, and nowhere else.
 *
 * Costs nothing where Loki runs with the same schema already. A preview may come before the image, and then says nothing.
 *
 * @throws RunError that says which day is right, or that the engine has to be asked
 */
export function requireReadableLogs(logs: StoredLogs, docker = dockerCli(logs.dockerHost)): void {
  const { image, running, tsdbFrom, volume } = logs;
  if (running === schemaText(tsdbFrom) || volume === undefined) return;
  const listing = docker(...inVolume(image, volume, "/loki", listIndexes));
  if (listing.status !== 0) return unanswered(logs, listing);
  const found = indexedDays(listing.stdout);
  if (!isReadable(found, tsdbFrom)) throw unreadable(logs, rightDay(found));
}

/** The days of a listing of index folders: `index_20784` is boltdb-shipper's (v11), `tsdb_index_20784` tsdb's (v13). */
export function indexedDays(listing: string): IndexedDays {
  const days = (pattern: RegExp) =>
    [...new Set([...listing.matchAll(pattern)].map(([, day]) => Number(day)))].sort((a, b) => a - b);
  return { v11: days(/(?:^|\/)index_(\d+)$/gm), v13: days(/(?:^|\/)tsdb_index_(\d+)$/gm) };
}

/** Whether Loki finds every day that has an index. */
export function isReadable({ v11, v13 }: IndexedDays, tsdbFrom: string | undefined): boolean {
  const change = tsdbFrom === undefined ? -Infinity : dayNumber(tsdbFrom);
  const lost = v11.some((day) => day >= change) || v13.some((day) => day < change);
  // What was written with one schema after the other has begun no day can make whole.
  const mixed = v11.length > 0 && v13.length > 0 && v11.at(-1)! >= v13[0]!;
  return !lost || mixed;
}

/** The day with which every log is found; undefined where it is none. Loki may write the old schema until tomorrow. */
export function rightDay({ v11, v13 }: IndexedDays, now = new Date()): string | undefined {
  if (v11.length === 0) return undefined;
  const today = Math.floor(now.getTime() / dayMilliseconds);
  return dayText(v13[0] ?? Math.max(today, v11.at(-1)!) + 2);
}

const dayMilliseconds = 86_400_000;
const dayNumber = (day: string) => Date.parse(`${day}T00:00:00Z`) / dayMilliseconds;
const dayText = (number: number) => new Date(number * dayMilliseconds).toISOString().slice(0, 10);

function unreadable({ stack, volume, tsdbFrom }: StoredLogs, day: string | undefined): RunError {
  const wanted = tsdbFrom ? `${projectName}:lokiTsdbFrom ${tsdbFrom}` : `no ${projectName}:lokiTsdbFrom`;
  const mend = day
    ? `pulumi config set --stack ${stack} ${projectName}:lokiTsdbFrom ${day}`
    : `pulumi config rm --stack ${stack} ${projectName}:lokiTsdbFrom`;
  return new RunError(
    `With ${wanted} Loki would not find logs that are in the volume ${volume}; nothing was changed.\n` +
      `Keep them: ${mend}`,
  );
}

function unanswered({ volume, mustAnswer }: StoredLogs, { stderr }: ReturnType<Docker>): void {
  if (!mustAnswer) return;
  throw new RunError(
    `Which schema the logs in the volume ${volume} have could not be asked; nothing was changed.\n  ${stderr.trim()}`,
  );
}
