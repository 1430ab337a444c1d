import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "./content";

/** The identifiers of the revisions in `migrations/versions/`, in the order of their files. */
export function knownRevisions(root = projectRoot): string[] {
  return revisions(root).map(({ revision }) => revision);
}

/** The newest revision: the one that no other builds on. Of several, as after an unfinished merge, all. */
export function headRevision(root = projectRoot): string {
  const all = revisions(root);
  const built = new Set(all.map(({ down }) => down));
  return all
    .map(({ revision }) => revision)
    .filter((revision) => !built.has(revision))
    .join(", ");
}

function revisions(root: string): { revision: string; down?: string }[] {
  const folder = join(root, "migrations/versions");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".py"))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const value = (name: string) =>
        new RegExp(`^${name}\\s*(?::[^=]+)?=\\s*["'](.+)["']`, "m").exec(text)?.[1];
      return { revision: value("revision") ?? "", down: value("down_revision") };
    });
}
