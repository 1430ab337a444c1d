import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../images/content";

/**
 * The project's name in Pulumi.yaml: first part of its configuration keys, of every name on the Docker host, and of paths in the
 * state. Who takes this program for another application names it anew there, and only there.
 */
export const projectName = nameIn(readFileSync(join(projectRoot, "Pulumi.yaml"), "utf8"));

/** @throws Error where the file names no project, which Pulumi itself would refuse */
export function nameIn(text: string): string {
  const [, name] = /^name: *["']?([A-Za-z0-9_.-]+)["']? *$/m.exec(text) ?? [];
  if (name === undefined) throw new Error("Pulumi.yaml names no project: name: dating");
  return name;
}
