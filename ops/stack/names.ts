import { readdirSync } from "node:fs";

import { closest, distance } from "fastest-levenshtein";

import { projectRoot } from "../../images/content";

/** The stacks that have a file in the checkout. */
export function stacksHere(root: string = projectRoot): string[] {
  return readdirSync(root)
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();
}

/** What to say of a stack that has no file: which one may be meant, and which there are. */
export function insteadOf(stack: string, root: string = projectRoot): string {
  const known = stacksHere(root);
  if (known.length === 0) return "no stack has one";
  const near = closest(stack, known);
  const meant = distance(stack, near) <= 2 ? `Did you mean ${near}? ` : "";
  return `${meant}Those that have one: ${known.join(", ")}`;
}
