import { contentTypes, getManifest, getTags } from "@snyk/docker-registry-v2-client";

import { credentialsFor } from "./credentials";
import { parseReference, type ImageReference } from "./reference";

/** The Docker CLI's accepted kinds of manifest, in one header. */
const accepted = [
  contentTypes.OCI_INDEX_V1,
  contentTypes.MANIFEST_LIST_V2,
  contentTypes.OCI_MANIFEST_V1,
  contentTypes.MANIFEST_V2,
].join(", ");

/**
 * Asks an image's registry where its tag points to, with the credentials of the Docker CLI.
 *
 * @throws Error that names the image and the registry's answer
 */
export async function resolveDigest(reference: string): Promise<string> {
  return ask(reference, async ({ repository, tag }, call) => {
    const { indexDigest, manifestDigest } = await getManifest(
      call.host,
      repository,
      tag!,
      call.username,
      call.password,
      { ...call.options, acceptManifest: accepted },
    );
    return (indexDigest ?? manifestDigest)!;
  });
}

/**
 * Asks an image's registry for the tags that follow the image's own.
 *
 * @throws Error that names the image and the registry's answer
 */
export async function newerTags(reference: string): Promise<string[]> {
  return ask(reference, async ({ repository, tag }, call) => {
    const tags = await getTags(
      call.host,
      repository,
      call.username,
      call.password,
      undefined,
      undefined,
      call.options,
    );
    return newerThan(tag!, tags);
  });
}

/**
 * The tags that have the same scheme as a tag, and higher numbers; the highest first. `15.14-bookworm` is followed by
 * `15.15-bookworm` and `16.1-bookworm`, and by neither `16` nor `16.1-alpine`. A tag without numbers of its own, or a
 * commit's hash, is followed by none.
 */
export function newerThan(tag: string, tags: string[]): string[] {
  const own = numbers(tag);
  if (!own) return [];
  return tags
    .map((name) => ({ name, numbers: numbers(name) }))
    .filter(({ numbers: other }) => other?.scheme === own.scheme && compare(other.values, own.values) > 0)
    .sort((a, b) => compare(b.numbers!.values, a.numbers!.values))
    .map(({ name }) => name);
}

function numbers(tag: string): { scheme: string; values: number[] } | undefined {
  if (!/^v?\d+(\.\d+)*(-[a-z][a-z0-9.-]*)?$/.test(tag)) return undefined;
  const [, version = "", rest = ""] = /^v?([\d.]+)(.*)$/.exec(tag) ?? [];
  const values = version.split(".").map(Number);
  return { scheme: `${tag.startsWith("v")}/${values.length}/${rest}`, values };
}

function compare(a: number[], b: number[]): number {
  const index = a.findIndex((value, position) => value !== b[position]);
  return index < 0 ? 0 : a[index]! - b[index]!;
}

interface Call {
  host: string;
  username?: string;
  password?: string;
  options: { protocol: string; timeout: number };
}

async function ask<T>(
  reference: string,
  question: (image: ImageReference, call: Call) => Promise<T>,
): Promise<T> {
  const image = parseReference(reference);
  const { registry } = image;
  // As the Docker Engine does: a registry on loopback needs no TLS.
  const loopback = /^(localhost|127\.[\d.]+)(:\d+)?$/.test(registry);
  try {
    return await question(image, {
      host: registry === "docker.io" ? "registry-1.docker.io" : registry,
      ...credentialsFor(registry),
      options: { protocol: loopback ? "http:" : "https:", timeout: 30_000 },
    });
  } catch (error) {
    const { statusCode, message } = error as Error & { statusCode?: number };
    const hint = statusCode === 401 || statusCode === 403 ? ` Log in: docker login ${registry}` : "";
    throw new Error(`${reference}: ${registry} answers: ${message || "nothing"}.${hint}`);
  }
}
