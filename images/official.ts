import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { projectRoot } from "./content";

let table: Record<string, string> | undefined;

/** The official image that images/official.yaml names for a service; undefined where there is none, as for our own. */
export function officialImage(name: string): string | undefined {
  table ??= load(readFileSync(join(projectRoot, "images/official.yaml"), "utf8")) as Record<string, string>;
  return table[name];
}
