import { imageFor, imageNames, imagesFor, type ImageName } from "../../config/keys";
import { projectName } from "../../config/project";
import { officialImage } from "../../images/official";
import { parseReference } from "../../images/reference";
import { newerTags, resolveDigest } from "../../images/registry";
import { OperatorError } from "../stack/errors";
import { logCollectorIn, postgresVersionIn, StackFile } from "../stack/file";

/** The stack's images as written; an image that is not named is the official one, where there is one. */
function wanted(file: StackFile): Partial<Record<ImageName, string>> {
  const configured = file.entries("images");
  const local = ["true", true].includes(file.get("localImages") as string | boolean);
  const monitoring = ["true", true].includes(file.get("monitoring") as string | boolean);
  const postgres = postgresVersionIn(file);
  return Object.fromEntries(
    imagesFor(monitoring, logCollectorIn(file)).flatMap((name) => {
      const otherwise = local ? undefined : officialImage(imageFor(name, postgres));
      const reference = configured[name] ?? otherwise;
      if (reference === undefined && !local) {
        throw new OperatorError(
          `${projectName}:images.${name} is missing. Name it with its tag, and lock again:\n` +
            `  pulumi config set --stack ${file.stack} --path '${projectName}:images.${name}' 'registry.example.com/dating/${name}:1.0.0'`,
        );
      }
      return reference === undefined ? [] : [[name, reference]];
    }),
  );
}

/** Without a tag nobody can tell what a digest is, nor ask what is newer. */
function withoutDigest(name: string, reference: string): string {
  const { name: image, tag } = parseReference(reference);
  if (!tag) throw new OperatorError(`${projectName}:images.${name} names no tag: ${reference}`);
  return `${image}:${tag}`;
}

/** An image of a stack, as its file has it after it was pinned. */
export interface PinnedImage {
  name: string;
  /** NAME:TAG@sha256:…. */
  image: string;
  /** Whether that is another than before. */
  changed: boolean;
}

/** What a registry says of an image of a stack. */
export interface CheckedImage {
  name: string;
  /** NAME:TAG. */
  image: string;
  /** What it is pinned to; undefined where it is not. */
  digest?: string;
  /** Where the tag points to now. */
  now: string;
  /** Tags that follow its own, the newest first. */
  newer: string[];
}

/** What a person may choose of pinning. */
export interface PinImages {
  /** Also pin again where a tag points to now: these images, or all. */
  update?: true | string[];
  /** Change nothing. */
  dryRun?: boolean;
}

/**
 * Pins every image of a stack by digest in its file.
 *
 * @returns all that the stack does not build here
 * @throws OperatorError for what is no image, or has no tag; and as the registries' answers do
 */
export async function pinImages(stack: string, { update, dryRun }: PinImages): Promise<PinnedImage[]> {
  const unknown = update === true ? [] : (update ?? []).filter((name) => !isImage(name));
  if (unknown.length > 0)
    throw new OperatorError(`no image ${unknown[0]}: there are ${imageNames.join(", ")}`);
  const file = new StackFile(stack);
  const again = (name: string) => update === true || update?.includes(name);
  // All are asked before the file is touched: it holds all of an answer or nothing of it.
  const locked = await Promise.all(
    Object.entries(wanted(file)).map(async ([name, reference]) => {
      if (parseReference(reference).digest && !again(name)) return { name, image: reference };
      const tagged = withoutDigest(name, reference);
      return { name, image: `${tagged}@${await resolveDigest(tagged)}` };
    }),
  );
  const before = file.entries("images");
  const pinned = locked.map((each) => ({ ...each, changed: before[each.name] !== each.image }));
  const changed = pinned.filter((each) => each.changed);
  changed.forEach(({ name, image }) => file.set(image, "images", name));
  if (changed.length > 0 && !dryRun) file.save();
  return pinned;
}

/**
 * Asks the registries whether every image of a stack is pinned, and whether something is newer.
 *
 * @throws as {@link pinImages} does
 */
export function checkImages(stack: string): Promise<CheckedImage[]> {
  return Promise.all(
    Object.entries(wanted(new StackFile(stack))).map(async ([name, reference]) => {
      const { digest } = parseReference(reference);
      const image = withoutDigest(name, reference);
      const [now, newer] = await Promise.all([resolveDigest(image), newerTags(image)]);
      return { name, image, digest, now, newer };
    }),
  );
}

/** What speaks against an image, in words; nothing where it is pinned and up to date. */
export function findingsOf({ image, digest, now, newer }: CheckedImage): string[] {
  return [
    ...(digest ? [] : ["is not pinned"]),
    ...(digest && now !== digest
      ? [`${parseReference(image).tag} points to another image now (${now})`]
      : []),
    ...(newer.length > 0 ? [`newer: ${newer.slice(0, 3).join(", ")}`] : []),
  ];
}

const isImage = (name: string) => (imageNames as readonly string[]).includes(name);
