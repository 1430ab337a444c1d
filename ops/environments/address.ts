/** Where an environment is served. */
export interface Address {
  /** Host name. */
  domain: string;
  /** Port on the Docker host. */
  port: number;
}

/**
 * The address that an environment keeps: what somebody names now; else what its file has; else where it was deployed, perhaps
 * from another checkout. A part that none of them has is left out.
 *
 * @param named as a person gave it
 * @param file as the stack's file has it
 * @param url address where it is served by now
 * @throws RangeError when the named port is none
 */
export function keptAddress(
  named: { domain?: string; port?: string },
  file: { domain?: unknown; port?: unknown },
  url: string | undefined,
): Partial<Address> {
  if (named.port !== undefined && !isPort(Number(named.port)))
    throw new RangeError(`"${named.port}" is no port: a whole number from 1 to 65535`);
  const served = url === undefined ? undefined : new URL(url);
  const port = Number(named.port ?? file.port ?? (served && (served.port || "80")));
  const domain = named.domain ?? (file.domain as string | undefined) ?? served?.hostname;
  return { ...(domain !== undefined && { domain }), ...(isPort(port) && { port }) };
}

const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65_536;
