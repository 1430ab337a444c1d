import type { Change } from "./changes";
import { unknown } from "./plan";

/**
 * What a plan leaves to the deploy: inputs that follow from what is only made then, as the id of a new container. Whatever
 * they turn out to be is deployed.
 *
 * @returns a line for each resource, as in `bot-healthy: environment, triggers`
 */
export function undecidedIn(changes: readonly Change[]): string[] {
  return changes.flatMap(({ name, after }) => {
    const properties = Object.keys(after).filter((property) =>
      JSON.stringify(after[property])?.includes(unknown),
    );
    return properties.length > 0 ? [`${name}: ${properties.sort().join(", ")}`] : [];
  });
}
