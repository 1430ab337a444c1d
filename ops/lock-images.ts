import { program } from "commander";

import { imageFor, imageNames, imagesFor, type ImageName } from "../config/keys";
import { officialImage } from "../images/official";
import { parseReference } from "../images/reference";
import { newerTags, resolveDigest } from "../images/registry";
import { logCollectorIn, postgresVersionIn, StackFile } from "./stack-file";

program
  .name("ops/lock-images")
  .description(
    "Pins every image of a stack to NAME:TAG@sha256:… in Pulumi.STACK.yaml. What is pinned stays as it is.\n" +
      "Registries are asked with the credentials of the Docker CLI (docker login).",
  )
  .argument("<stack>")
  .option("--update [images...]", "also pin again where a tag points to now (default: all images)")
  .option(
    "--check",
    "change nothing; exit code 0: all pinned and nothing newer, 2: something is, 1: an error",
  )
  .parse();
const [stack] = program.processedArgs as [string];
const options = program.opts<{ update?: true | string[]; check?: true }>();

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
        throw new Error(
          `dating:images.${name} is missing. Name it with its tag, and lock again:\n` +
            `  pulumi config set --stack ${stack} --path 'dating:images.${name}' 'registry.example.com/dating/${name}:1.0.0'`,
        );
      }
      return reference === undefined ? [] : [[name, reference]];
    }),
  );
}

/** Without a tag nobody can tell what a digest is, nor ask what is newer. */
function withoutDigest(name: string, reference: string): string {
  const { name: image, tag } = parseReference(reference);
  if (!tag) throw new Error(`dating:images.${name} names no tag: ${reference}`);
  return `${image}:${tag}`;
}

async function lock(file: StackFile, images: [string, string][]): Promise<void> {
  const again = (name: string) => options.update === true || options.update?.includes(name);
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
  if (changed.length > 0) file.save();
  changed.forEach(({ name, reference }) => console.log(`${name}: ${reference}`));
  console.log(`${images.length} images of stack ${stack} are pinned, ${changed.length} of them now`);
}

async function check(images: [string, string][]): Promise<void> {
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
  if (lines.some(({ findings }) => findings.length > 0)) process.exitCode = 2;
}

async function main(): Promise<void> {
  const unknown = options.update === true ? [] : (options.update ?? []).filter((name) => !isImage(name));
  if (unknown.length > 0) throw new Error(`no image ${unknown[0]}: there are ${imageNames.join(", ")}`);
  const file = new StackFile(stack);
  const images = Object.entries(wanted(file));
  if (images.length === 0) console.log(`Stack ${stack} uses the images built here: nothing to pin.`);
  else await (options.check ? check(images) : lock(file, images));
}

const isImage = (name: string) => (imageNames as readonly string[]).includes(name);

main().catch((error: unknown) => {
  console.error(`ops/lock-images: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
