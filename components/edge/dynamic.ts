/** What Traefik reads from a file beside its options: the parts of its dynamic configuration that the stack has use for. */
export interface DynamicConfiguration {
  http?: {
    routers?: Record<string, Router>;
    middlewares?: Record<string, Record<string, object>>;
    services?: Record<string, object>;
  };
  tls?: object;
}

/** A router in Traefik's file. */
export interface Router {
  entryPoints: string[];
  rule: string;
  /** Of two that match, the one with the higher number answers. @default the rule's length */
  priority?: number;
  middlewares?: string[];
  service: string;
}

/** Several parts as one. */
export function merged(parts: DynamicConfiguration[]): DynamicConfiguration {
  const all = <T>(pick: (part: DynamicConfiguration) => Record<string, T> | undefined) =>
    Object.assign({}, ...parts.map((part) => pick(part) ?? {})) as Record<string, T>;
  const http = {
    routers: all((part) => part.http?.routers),
    middlewares: all((part) => part.http?.middlewares),
    services: all((part) => part.http?.services),
  };
  // Traefik refuses a file with a part that is there and empty.
  const filled = Object.entries(http).filter(([, entries]) => Object.keys(entries).length > 0);
  const tls = parts.find((part) => part.tls)?.tls;
  return { http: Object.fromEntries(filled), ...(tls && { tls }) };
}
