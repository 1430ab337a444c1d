import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../images/content";
import { parseServices } from "./services/parse";
import { pathsOf, allOthers, botPaths, type Paths } from "./services/paths";
import type { OwnService, Server } from "./services/schema";
import type { Size } from "./units";

/*
 * The services of one's own beside the application's, from services.yaml. Everything that is said of a service holds for them:
 * limits, health, logs, `dating:memory.NAME`, `./dating status`, drift, reviews, alerts and backups.
 */

const { miniApp, own } = parseServices(readFileSync(join(projectRoot, "services.yaml"), "utf8"));

/** Whether the application has the bot and the web app of the Dating Mini App. */
export const hasMiniApp = miniApp;

/** Stands for the name of any of them: the file says which there are, and TypeScript does not read it. */
export type OwnServiceName = "a service of services.yaml";

const entries = Object.entries(own);
const namesOf = (wanted: (service: OwnService) => boolean) =>
  entries.filter(([, service]) => wanted(service)).map(([name]) => name as OwnServiceName);

export const ownNames = namesOf(() => true);

/** Those that have an image of their own. */
export const ownServers = namesOf(({ kind }) => kind === "server");

/** Those that run another one's image, and have its secrets. */
export const ownPrograms = namesOf(({ kind }) => kind !== "server");

/** Those that people reach by a path of their own. */
export const ownRouted = ownServers.filter((name) => ownServer(name).route !== undefined);

/** Those that `docker inspect` shows a secret of. */
export const ownWithSecrets = ownNames.filter((name) => holdsSecrets(ownService(name)));

/** The secrets that they need, sorted. */
export const ownSecrets = [...new Set(ownServers.flatMap((name) => ownServer(name).secrets ?? []))].sort();

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

/** One of them. */
export function ownService(name: OwnServiceName): OwnService {
  return own[name]!;
}

/** One of those that have an image of their own. */
export function ownServer(name: OwnServiceName): Server {
  return own[name] as Server;
}

/** Whether a server is replaced without a gap: one that people reach, and that owns no data. */
export const startsFirst = ({ route, data }: Server) => route !== undefined && data === undefined;

/** The paths that lead to somebody by name, so that no one else who takes all that is left is asked for them. */
export const namedPaths: Paths[] = [
  ...(hasMiniApp ? [botPaths] : []),
  ...ownRouted.map((name) => servedPaths(ownServer(name))).filter((paths) => paths !== "others"),
];

/** The paths by which people reach a server that has a route. */
export function servedPaths({ route }: Server): Paths | "others" {
  return route!.paths.includes(allOthers) ? "others" : pathsOf(route!.paths);
}

function holdsSecrets(service: OwnService): boolean {
  if (service.kind !== "server")
    return service.of === undefined || service.of === "bot" || holdsSecrets(own[service.of]!);
  return service.database === true || (service.secrets ?? []).length > 0;
}
