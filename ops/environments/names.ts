import { createHash } from "node:crypto";

import { previewPrefix as prefix } from "../../config/stack/kind";

/**
 * The stack of a preview environment: `PR-123` is `preview-pr-123`. A name with other characters gets a suffix that follows from
 * it, so that `feature/a_b` and `feature/a-b` are two.
 *
 * @throws RangeError when the name has nothing that a stack's name can have
 */
export function stackOf(environment: string): string {
  const slug = environment
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  if (slug === "" || slug.length > 40) {
    throw new RangeError(`"${environment}" is no name: 1 to 40 letters, digits and hyphens, as in PR-123`);
  }
  const suffix = slug === environment.toLowerCase() ? "" : `-${digestOf(environment).toString("hex", 0, 2)}`;
  return `${slug.startsWith(prefix) ? "" : prefix}${slug}${suffix}`;
}

const digestOf = (name: string) => createHash("sha256").update(name).digest();

/** The part of a host name that stands for an environment: `pr-123` of `preview-pr-123`. DNS allows 63 characters. */
export const labelOf = (stack: string) => stack.slice(stack.startsWith(prefix) ? prefix.length : 0);

/** Ports that preview environments are published on. */
const firstPort = 20_000;
const ports = 10_000;

/**
 * The port of an environment: it follows from the name, so that it stays the same wherever the environment is updated
 * from, and two that are made at the same time do not take one.
 *
 * @param taken ports of the Docker host that something else has
 * @throws Error when none is free
 */
export function portOf(stack: string, taken: ReadonlySet<number>): number {
  const begin = digestOf(stack).readUInt32BE() % ports;
  for (let offset = 0; offset < ports; offset++) {
    const port = firstPort + ((begin + offset) % ports);
    if (!taken.has(port)) return port;
  }
  throw new Error(`no port from ${firstPort} to ${firstPort + ports - 1} is free on the Docker host`);
}

/** Ranges of 256 addresses for preview environments, in 198.18.0.0/15: it is set aside for tests and routed nowhere. */
const ranges = 512;

/**
 * The addresses of an environment's networks, which follow from the name, too. The Docker Engine's own ranges are enough
 * for some ten stacks on a host.
 *
 * @param taken networks of others on the Docker host, as in `198.18.7.64/26`
 * @param own those that the environment has already: it keeps its range
 * @throws Error when no range is free
 */
export function rangeOf(stack: string, taken: readonly string[], own: readonly string[] = []): string {
  const kept = own.map((subnet) => /^198\.1[89]\.\d+\./.exec(subnet)?.[0]).find(Boolean);
  if (kept) return `${kept}0/24`;
  const begin = digestOf(stack).readUInt32BE(4) % ranges;
  for (let offset = 0; offset < ranges; offset++) {
    const index = (begin + offset) % ranges;
    const first = `198.${18 + (index >> 8)}.${index & 255}.`;
    if (!taken.some((subnet) => subnet.startsWith(first))) return `${first}0/24`;
  }
  throw new Error("no range of 198.18.0.0/15 is free on the Docker host");
}

/**
 * A span as people write it, in milliseconds: `90m`, `12h`, `3d`, `2w`.
 *
 * @throws RangeError when it is none
 */
export function toMilliseconds(span: string): number {
  const [, amount, unit] = /^(\d+)([mhdw])$/.exec(span) ?? [];
  if (!amount || !unit) throw new RangeError(`"${span}" is no span of time: 90m, 12h, 3d or 2w`);
  return Number(amount) * { m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 }[unit as "m" | "h" | "d" | "w"];
}
