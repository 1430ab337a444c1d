import { imageFor, imageNames, imagesFor, type ImageName } from "../config/keys";
import { officialImage } from "../images/official";
import { parseReference } from "../images/reference";
import { newerTags, resolveDigest } from "../images/registry";
import { OperatorError } from "./stack/errors";
import { logCollectorIn, postgresVersionIn, StackFile } from "./stack-file";

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
          `dating:images.${name} is missing. Name it with its tag, and lock again:\n` +
            `  pulumi config set --stack ${file.stack} --path 'dating:images.${name}' 'registry.example.com/dating/${name}:1.0.0'`,
        );
      }
      return reference === undefined ? [] : [[name, reference]];
    }),
  );
}

/** Without a tag nobody can tell what a digest is, nor ask what is newer. */
function withoutDigest(name: string, reference: string): string {
  const { name: image, tag } = parseReference(reference);
  if (!tag) throw new OperatorError(`dating:images.${name} names no tag: ${reference}`);
  return `${image}:${tag}`;
}

async function lock(
  file: StackFile,
  images: [string, string][],
  { update, dryRun }: LockImages,
): Promise<void> {
  const again = (name: string) => update === true || update?.includes(name);
  // All are asked before the file is touched: it holds all of an answer or nothing of it.
  const locked = await Promise.all(
    images.map(async ([name, reference]) => {
      if (parseReference(reference).digest && !again(name)) return { name, reference };
      const tagged = withoutDigest(name, reference);
      return { name, reference: `${tagged}@${await resolveDigest(tagged)}` };
    }),
  );
  const before = file.entries("images");
  const changed = locked.filter(({ name, reference }) => before[name] !== reference);
  changed.forEach(({ name, reference }) => file.set(reference, "images", name));
  if (changed.length > 0 && !dryRun) file.save();
  changed.forEach(({ name, reference }) => console.log(`${name}: ${reference}`));
  console.log(
    dryRun
      ? `A dry run: nothing was changed. ${changed.length} of ${images.length} images of stack ${file.stack} would be pinned`
      : `${images.length} images of stack ${file.stack} are pinned, ${changed.length} of them now`,
  );
}

/** @returns whether one is not pinned, or something is newer */
async function check(images: [string, string][]): Promise<boolean> {
  const lines = await Promise.all(
    images.map(async ([name, reference]) => {
      const { digest, tag } = parseReference(reference);
      const tagged = withoutDigest(name, reference);
      const [now, newer] = await Promise.all([resolveDigest(tagged), newerTags(tagged)]);
      const findings = [
        ...(digest ? [] : ["is not pinned"]),
        ...(digest && now !== digest ? [`${tag} points to another image now (${now})`] : []),
        ...(newer.length > 0 ? [`newer: ${newer.slice(0, 3).join(", ")}`] : []),
      ];
      return { name, tagged, findings };
    }),
  );
  for (const { name, tagged, findings } of lines) {
    console.log(`${name}: ${tagged} ${findings.length > 0 ? findings.join("; ") : "is up to date"}`);
  }
  return lines.some(({ findings }) => findings.length > 0);
}

const isImage = (name: string) => (imageNames as readonly string[]).includes(name);

/** What a person may choose of pinning. */
export interface LockImages {
  /** Also pin again where a tag points to now: these images, or all. */
  update?: true | string[];
  /** Change nothing, and look whether something is newer. */
  check?: true;
  /** Change nothing, and say what would be pinned. */
  dryRun?: true;
}

/**
 * Pins every image of a stack by digest in its file, or looks whether that is so.
 *
 * @returns whether something was found by `check`: not pinned, or newer
 * @throws OperatorError for what is no image, or has no tag; and as the registries' answers do
 */
export async function lockImages(stack: string, options: LockImages): Promise<boolean> {
  const unknown = options.update === true ? [] : (options.update ?? []).filter((name) => !isImage(name));
  if (unknown.length > 0)
    throw new OperatorError(`no image ${unknown[0]}: there are ${imageNames.join(", ")}`);
  const file = new StackFile(stack);
  const images = Object.entries(wanted(file));
  if (images.length === 0) console.log(`Stack ${stack} uses the images built here: nothing to pin.`);
  else if (options.check) return check(images);
  else await lock(file, images, options);
  return false;
}
