import { existsSync } from "node:fs";
import { join } from "node:path";

import { projectName } from "../../config/project";
import { localImage, projectRoot } from "../../images/content";
import { parseReference, type ImageReference } from "../../images/reference";
import { allStacks } from "../environments/stacks";
import { DockerHost, type InspectedContainer } from "../host/inspect";
import { imagesUsedBy } from "./builds";
import { releases, type Release } from "../releases/history";
import { namedImages, neededImages } from "../releases/needed";
import type { Session } from "../stack/session";
import { keepReleasesIn, StackFile } from "../stack/file";

/** An image that older releases of a stack have left on its Docker host. */
export interface OldImage {
  reference: string;
  /** Bytes, with the layers that it shares with others. */
  size: number;
}

/** What older releases of a stack have left on its Docker host. */
export interface OldImages {
  /** Nobody there needs these. */
  images: OldImage[];
  /** Stacks there whose history is in another state: what they may need stays. */
  unknown: string[];
}

/**
 * Looks for the images that a stack's own history names and that nobody on its Docker host needs any more: no container there,
 * not this stack ({@link neededImages}), and no other stack that is there. What no history names is somebody's own.
 *
 * @throws when Pulumi or Docker cannot be asked
 */
export function findOldImages(session: Session): OldImages {
  const { stack } = session;
  const nothing: OldImages = { images: [], unknown: [] };
  const own = history(stack);
  const needed = new Set([...neededBy(stack, own)].map(keyOf));
  const old = [...namedImages(own)].filter((reference) => !needed.has(keyOf(reference)));
  if (old.length === 0) return nothing;

  const host = new DockerHost(session.environment);
  const containers = host.containers();
  const used = new Set(containers.flatMap(({ Image, Config }) => [Image, keyOf(Config.Image)]));
  const present = host.images(old).map(({ Id, Size, RepoTags, RepoDigests }) => ({
    ...{ id: Id, size: Size },
    names: new Set([...(RepoTags ?? []), ...(RepoDigests ?? [])].map(keyOf)),
  }));
  const unused = old.flatMap((reference) => {
    const key = keyOf(reference);
    const image = present.find(({ names }) => names.has(key));
    return !image || used.has(image.id) || used.has(key) ? [] : [{ reference, size: image.size }];
  });
  if (unused.length === 0) return nothing;

  const { known, unknown } = otherStacks(session, containers);
  const others = new Set(known.flatMap((other) => [...neededBy(other)]).map(keyOf));
  const theirs = new Set(
    containers.filter((each) => unknown.includes(nameIn(each))).map(({ Config }) => pathOf(Config.Image)),
  );
  return {
    images: unused.filter(({ reference }) => !others.has(keyOf(reference)) && !theirs.has(pathOf(reference))),
    unknown: unused.some(({ reference }) => theirs.has(pathOf(reference))) ? unknown : [],
  };
}

/**
 * Removes images by the names that a stack has for them: one that has another name, too, stays under that.
 *
 * @returns those that a container has begun to use meanwhile, which stay
 * @throws with Docker's own words when it cannot be asked, or refuses for another reason
 */
export function removeImages(session: Session, images: OldImage[]): OldImage[] {
  const host = new DockerHost(session.environment);
  return images.filter(({ reference }) => {
    const { name, digest } = parseReference(reference);
    try {
      host.run(["image", "rm", digest ? `${name}@${digest}` : reference]);
      return false;
    } catch (error) {
      const said = String((error as { stderr?: Buffer }).stderr);
      if (/no such image/i.test(said)) return false;
      if (/conflict/i.test(said)) return true;
      throw error;
    }
  });
}

/** Without asking Pulumi Cloud for past states: a stack that others have names its images in its configuration. */
const history = (stack: string) => releases(stack, { exports: false });

/** All that its history names, where nobody here knows of how many releases it keeps the images. */
function neededBy(stack: string, all: Release[] = history(stack)): Set<string> {
  if (!existsSync(join(projectRoot, `Pulumi.${stack}.yaml`))) return namedImages(all);
  const file = new StackFile(stack);
  const next = [
    ...Object.values(file.entries("images")),
    ...imagesUsedBy(stack).map((name) => localImage(name)),
  ];
  return new Set([...neededImages(all, keepReleasesIn(file)), ...next]);
}

/** The other stacks on a Docker host: those of the same state, and those of which only containers tell. */
function otherStacks(
  session: Session,
  containers: InspectedContainer[],
): { known: string[]; unknown: string[] } {
  const there = new Set(containers.map(nameIn).filter((name) => name !== "" && name !== session.stack));
  const all = allStacks().map(({ stack }) => stack);
  const host = session.dockerHost;
  const isThere = (other: string) => there.has(other) || mayBeOn(host, other);
  return {
    known: all.filter((other) => other !== session.stack && isThere(other)),
    unknown: [...there].filter((name) => !all.includes(name)),
  };
}

/**
 * Whether a stack may come to a Docker host on which it has no container, as one that was taken down for a while. Its file says
 * where it goes; its state would have to be decrypted, for which others may have the key.
 */
function mayBeOn(host: string | undefined, stack: string): boolean {
  if (!existsSync(join(projectRoot, `Pulumi.${stack}.yaml`))) return true;
  return (new StackFile(stack).get("dockerHost") ?? undefined) === host;
}

const nameIn = ({ Config }: InspectedContainer) =>
  (Config.Labels?.["dating.stack"] ?? "").replace(`${projectName}-`, "");

/** One text for all ways to write a reference. What is none, as the id that a container may have instead, stays as it is. */
function keyOf(given: string): string {
  let parsed: ImageReference;
  try {
    parsed = parseReference(given);
  } catch (error) {
    if (error instanceof RangeError) return given;
    throw error;
  }
  const { registry, repository, tag = "latest", digest } = parsed;
  return `${registry}/${repository}${digest ? `@${digest}` : `:${tag}`}`;
}

/** Where an image's repository is, as the images of one project have it in common. */
function pathOf(reference: string): string {
  return keyOf(reference).replace(/\/[^/]*$/, "");
}
