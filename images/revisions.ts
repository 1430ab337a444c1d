import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { RunError } from "@pulumi/pulumi/errors";

import { projectRoot } from "./content";

/** The identifiers of the revisions in `migrations/versions/`, in the order of their files. */
export function knownRevisions(root = projectRoot): string[] {
  return revisions(root).map(({ revision }) => revision);
}

/**
 * The newest revision: the one that no other builds on.
 *
 * @throws RunError when there are several, as after two branches were merged
 */
export function headRevision(root = projectRoot): string {
  const all = revisions(root);
  const built = new Set(all.map(({ down }) => down));
  const heads = all.map(({ revision }) => revision).filter((revision) => !built.has(revision));
  if (heads.length > 1)
    throw new RunError(
      `migrations/versions has ${heads.length} heads, ${heads.join(" and ")}: two revisions were made from the same one. ` +
        "Write the identifier of the one into down_revision of the other.",
    );
  return heads[0] ?? "";
}

/** The revisions that a database at the given one has not had yet, oldest first; without one, all of them. */
export function revisionsAfter(deployed: string | undefined, root = projectRoot): string[] {
  const all = revisions(root);
  const had = new Set<string>();
  const visit = (revision: string | undefined): void => {
    const found = all.find((candidate) => candidate.revision === revision);
    if (!found || had.has(found.revision)) return;
    had.add(found.revision);
    visit(found.down);
  };
  deployed?.split(", ").forEach(visit);
  return all.map(({ revision }) => revision).filter((revision) => !had.has(revision));
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
