import type { Size } from "./units";

/** Time between two runs of a job: what goes into a day without a rest, or days. */
export type Period =
  `${1 | 2 | 3 | 4 | 6 | 8 | 12} hours` | `${5 | 10 | 15 | 20 | 30} minutes` | "1 hour" | "1 day" | "7 days";

/** A second program of the bot's image, with all that the bot has: variables, secrets, database, photos, the way out. */
export interface Worker {
  kind: "worker";
  command: string[];
  /** Shell command that exits with 0 as long as it works. */
  health: string;
  memory: Size;
}

/**
 * A program of the bot's image that runs by the clock and ends, with all that the bot has. While a run is under way, no other
 * one begins. The service is unhealthy from a run that fails to the next one that does not.
 */
export interface Job {
  kind: "job";
  command: string[];
  every: Period;
  /** Time of day of one of the runs, in UTC. @default "00:00" */
  at?: `${number}:${number}`;
  memory: Size;
}

/**
 * A server for the application: its name is where the others reach it, on the network without a way out. `dating:images.NAME`
 * names its image, or the folder `images/NAME` has its Dockerfile.
 */
export interface Server {
  kind: "server";
  /** @default the image's own */
  command?: string[];
  /** Shell command that exits with 0 when it answers. */
  health: string;
  /** The folder with its data, for which it gets the volume `NAME_data`. @default it keeps nothing */
  data?: string;
  /** Number of the user and the group that it runs as, where the image's own is root. */
  user?: string;
  /** Folders that it may write, in memory. @default only `/tmp` */
  writable?: string[];
  environment?: Record<string, string>;
  memory: Size;
}

export type OwnService = Worker | Job | Server;

/**
 * The services of one's own beside the application's: docs/own-services.md has an example of each kind. Everything that is said
 * of a service holds for them: limits, health, logs, `dating:memory.NAME`, `./dating status`, drift, reviews and backups.
 */
export const ownServices = {} satisfies Record<string, OwnService>;

export type OwnServiceName = keyof typeof ownServices;

const entries: [string, OwnService][] = Object.entries(ownServices);
const namesOf = (wanted: (service: OwnService) => boolean) =>
  entries.filter(([, service]) => wanted(service)).map(([name]) => name as OwnServiceName);

export const ownNames = namesOf(() => true);

/** Those that have an image of their own. */
export const ownServers = namesOf(({ kind }) => kind === "server");

/** Those that have the bot's image, and its secrets. */
export const ownCompanions = namesOf(({ kind }) => kind !== "server");

/** The volume with a server's data. */
export type OwnVolumeName = `${OwnServiceName}_data`;

/** The volumes that they need. */
export const ownVolumes = entries.flatMap(([name, service]) =>
  service.kind === "server" && service.data !== undefined ? [`${name}_data` as OwnVolumeName] : [],
);

/** The memory limit of each. */
export const ownMemory = Object.fromEntries(entries.map(([name, { memory }]) => [name, memory])) as Record<
  OwnServiceName,
  Size
>;

/** One of them, and its name. */
export function ownService(name: OwnServiceName): OwnService {
  return entries.find(([other]) => other === name)![1];
}
