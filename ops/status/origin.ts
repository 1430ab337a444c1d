import { officialImage } from "../../images/official";
import type { InspectedImage } from "../host/inspect";

/** What an image is instead of the one that people would expect; undefined for the real one. */
export function standInFor(reference: string, image: InspectedImage | undefined): string | undefined {
  const [, name] = /^dating-mini-app\/([^:]+):/.exec(reference) ?? [];
  if (name === undefined) return undefined;
  const official = officialImage(name);
  if (official === undefined) return samples[name];
  // A pulled image has the digest of its registry, also under the local name that it was given here. With containerd's
  // image store every image has digests, also one that was built here: under its own name alone.
  const pulled = image?.RepoDigests?.some((digest) => !digest.startsWith("dating-mini-app/"));
  return pulled ? undefined : `made here instead of ${official.replace(/@.*/, "")}`;
}

/** Images that only this checkout has, where a real deployment has another. */
const samples: Record<string, string | undefined> = {
  bot: "a sample bot instead of the application's (images/bot/README.md)",
};
