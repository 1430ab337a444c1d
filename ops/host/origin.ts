import { existsSync } from "node:fs";
import { join } from "node:path";

import { firstLine } from "../../images/docker";
import { projectRoot } from "../../images/content";
import type { InspectedImage } from "./inspect";

/** What an image is instead of the one that people would expect; undefined for the real one. */
export function standInFor(reference: string, image: InspectedImage | undefined): string | undefined {
  const [, name] = /^dating-mini-app\/([^:]+):/.exec(reference) ?? [];
  if (name === undefined) return undefined;
  const folder = join(projectRoot, "images", name);
  // A pulled image has the digest of its registry, also under the local name that it was given here.
  if (existsSync(join(folder, "upstream"))) {
    return image?.RepoDigests?.length
      ? undefined
      : `made here instead of ${firstLine(join(folder, "upstream"))}`;
  }
  return samples[name];
}

/** Images that only this checkout has, where a real deployment has another. */
const samples: Record<string, string | undefined> = {
  bot: "a sample bot instead of the application's (images/bot/README.md)",
};
