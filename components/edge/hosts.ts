import type { Config } from "../../config";
import type { DynamicConfiguration } from "./dynamic";

/** The host names under which the application itself is served, the one that it is known by first. */
export function servedHosts({ domain, aliases }: Pick<Config, "domain" | "aliases">): string[] {
  return [domain, ...namesWith(aliases, "serve")];
}

/** The host names that lead to the stack's domain. */
export function redirectedHosts({ aliases }: Pick<Config, "aliases">): string[] {
  return namesWith(aliases, "redirect");
}

function namesWith(aliases: Config["aliases"], use: string): string[] {
  return Object.entries(aliases)
    .filter(([, each]) => each === use)
    .map(([name]) => name)
    .sort();
}

/** Traefik's rule for requests to one of the host names. */
export function hostRule(hosts: string[]): string {
  const rule = hosts.map((host) => `Host(\`${host}\`)`).join(" || ");
  return hosts.length === 1 ? rule : `(${rule})`;
}

/**
 * Traefik's router by which other host names lead to the stack's own address.
 *
 * @param url the stack's address, without a slash at its end
 */
export function redirects(entryPoint: string, hosts: string[], url: string): DynamicConfiguration {
  if (hosts.length === 0) return {};
  return {
    http: {
      routers: {
        alias: {
          entryPoints: [entryPoint],
          rule: hostRule(hosts),
          middlewares: ["alias"],
          service: "noop@internal",
        },
      },
      middlewares: {
        alias: {
          redirectRegex: { regex: "^https?://[^/]+(.*)$", replacement: `${url}\${1}`, permanent: true },
        },
      },
    },
  };
}
