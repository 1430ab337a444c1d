/** Paths of one service, as Traefik's rules have them. */
export interface Paths {
  /** All that begins with one of them. */
  prefixes: readonly string[];
  /** Each alone. */
  exact: readonly string[];
}

/** The paths that are the bot's. */
export const botPaths: Paths = { prefixes: ["/api/"], exact: ["/health", "/version"] };

/** All paths that are nobody else's. */
export const allOthers = "/";

/** The paths of a route: `/feed/` is all below it, `/feed` that one alone. What is left of `allOthers` is no path of its own. */
export function pathsOf(written: readonly string[]): Paths {
  const own = written.filter((path) => path !== allOthers);
  return {
    prefixes: own.filter((path) => path.endsWith("/")),
    exact: own.filter((path) => !path.endsWith("/")),
  };
}

/** Whether a service with these paths is asked for a path, where all else leads to nobody. */
export function leadsTo(paths: Paths, path: string): boolean {
  return paths.exact.includes(path) || paths.prefixes.some((prefix) => path.startsWith(prefix));
}
