import { BlockList } from "node:net";

/** The ranges that a Docker Engine divides where its configuration names none (its ipamutils package). */
export const usualPools = [
  ...[17, 18, 19].map((second) => ({ Base: `172.${second}.0.0/16`, Size: 16 })),
  ...[20, 24, 28].map((second) => ({ Base: `172.${second}.0.0/14`, Size: 16 })),
  { Base: "192.168.0.0/16", Size: 20 },
];

/** Whether two IPv4 ranges, as in `198.18.7.0/24`, have an address in common. What is no IPv4 range has none. */
export function overlap(one: string, other: string): boolean {
  return contains(one, other) || contains(other, one);
}

/** Whether the first address of the inner range is in the outer one. */
function contains(outer: string, inner: string): boolean {
  const [base = "", prefix] = outer.split("/");
  const [first = ""] = inner.split("/");
  if (outer.includes(":") || inner.includes(":")) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(prefix), "ipv4");
  return list.check(first, "ipv4");
}

/** How many networks the pools have room for beside those that there are, counted up to a limit. */
export function roomIn(
  pools: readonly { Base: string; Size: number }[],
  taken: readonly string[],
  limit: number,
): number {
  let free = 0;
  for (const { Base, Size } of pools) {
    const [base = "", prefix] = Base.split("/");
    if (base.includes(":")) continue;
    const first = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    for (let index = 0; index < 2 ** (Size - Number(prefix)) && free < limit; index++) {
      const range = `${dotted(first + index * 2 ** (32 - Size))}/${Size}`;
      if (!taken.some((subnet) => overlap(subnet, range))) free++;
    }
  }
  return free;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
