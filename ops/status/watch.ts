import type { Status } from "./status";

/** What is watched of a stack. */
type Watched = Pick<Status, "services" | "notServed">;

/**
 * What has changed between two looks at a stack, a line for each service: `bot: starting → healthy`.
 *
 * @param before undefined for the first look, which tells all
 */
export function changesBetween(before: Watched | undefined, after: Watched): string[] {
  const [from, to] = [statesOf(before), statesOf(after)];
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  const moved = names.flatMap((name) => {
    const [was, is] = [from.get(name), to.get(name) ?? "gone"];
    if (was === is) return [];
    return [`${name}: ${was === undefined ? is : `${was} → ${is}`}`];
  });
  const known = before?.notServed ?? [];
  return [...moved, ...after.notServed.filter((trouble) => !known.includes(trouble))];
}

/** The state of each service; of one with several containers, as while a release takes over, all of them. */
function statesOf(seen: Watched | undefined): Map<string, string> {
  const states = new Map<string, string>();
  for (const { service, state } of seen?.services ?? [])
    states.set(service, [...(states.get(service)?.split(" + ") ?? []), state].sort().join(" + "));
  return states;
}
