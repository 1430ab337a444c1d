import { previousRelease, sameRelease, type Release } from "./history";

/** All images that deploys were made with. */
export function namedImages(all: Release[]): Set<string> {
  return new Set(all.flatMap(({ images }) => Object.values(images ?? {})));
}

/**
 * The images that a stack still needs: of its newest deploy, whatever came of it, of the last good releases, each counted once
 * however often it was deployed, and of the one that a rollback would go back to.
 *
 * @param all newest first
 * @param keep how many releases
 */
export function neededImages(all: Release[], keep: number): Set<string> {
  const last: Release[] = [];
  for (const release of all.filter(({ succeeded }) => succeeded)) {
    if (last.length === keep) break;
    if (!last.some((other) => sameRelease(other, release))) last.push(release);
  }
  const previous = previousRelease(all);
  return namedImages([...all.slice(0, 1), ...last, ...(previous ? [previous] : [])]);
}
