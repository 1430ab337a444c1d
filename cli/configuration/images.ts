import { projectName } from "../../config/project";
import { localImage, imageNames } from "../../images/content";
import { pushImages } from "../../images/push";
import { buildImages, imagesUsedBy } from "../../ops/images/builds";
import { checkImages, findingsOf, pinImages } from "../../ops/images/lock";
import { foundSomething } from "../../ops/stack/errors";
import { StackFile } from "../../ops/stack/file";
import { act, define, dryRun, json, printJson, quiet, yes, type CommonOptions } from "../command";
import { pruneImages } from "./old-images";

interface LockOptions extends CommonOptions {
  update?: true | string[];
  check?: true;
}

async function build(names: string[], options: { for?: string }): Promise<void> {
  const wanted = names.length > 0 ? names : imageNames();
  const used = options.for ? imagesUsedBy(options.for) : wanted;
  await buildImages(wanted.filter((name) => used.includes(name)));
}

async function push(registry: string, stack: string, names: string[]): Promise<void> {
  const file = new StackFile(stack);
  await buildImages(names);
  const pushed = await pushImages(registry, names);
  for (const [name, reference] of pushed) {
    file.set(reference, "images", name);
    console.log(`${name}: ${reference}`);
  }
  file.save();
}

async function lock(stack: string, options: LockOptions): Promise<number | void> {
  if (options.check) return check(stack, options);
  const images = await pinImages(stack, options);
  if (options.json) return printJson(images);
  if (images.length === 0) return console.log(nothingToPin(stack));
  const changed = images.filter((each) => each.changed);
  changed.forEach(({ name, image }) => console.log(`${name}: ${image}`));
  console.log(
    options.dryRun
      ? `A dry run: nothing was changed. ${changed.length} of ${images.length} images of stack ${stack} would be pinned`
      : `${images.length} images of stack ${stack} are pinned, ${changed.length} of them now`,
  );
}

async function check(stack: string, options: CommonOptions): Promise<number | void> {
  const images = (await checkImages(stack)).map((each) => ({ ...each, findings: findingsOf(each) }));
  if (options.json) printJson(images);
  else if (images.length === 0) console.log(nothingToPin(stack));
  else
    for (const { name, image, findings } of images)
      console.log(`${name}: ${image} ${findings.length > 0 ? findings.join("; ") : "is up to date"}`);
  if (images.some(({ findings }) => findings.length > 0)) return foundSomething;
}

const nothingToPin = (stack: string) => `Stack ${stack} uses the images built here: nothing to pin.`;

function list(options: CommonOptions): void {
  const images = imageNames().map((name) => ({ name, image: localImage(name) }));
  if (options.json) return printJson(images);
  for (const { image } of images) console.log(image);
}

export const command = define("images", "Builds, pulls, pushes, pins and removes images.");
const builder = define("build", "Builds or pulls the images that the Docker host lacks.", [
  "images build",
  "images build bot webapp",
  "images build --for dev",
])
  .argument("[name...]", "images (default: all)")
  .option("--for <stack>", "only the images that this stack uses");
act(builder, build);
const pusher = define(
  "push",
  "Builds images, pushes them to a registry, and pins them in Pulumi.STACK.yaml by digest.",
  ["images push registry.example.com/dating staging bot webapp"],
)
  .argument("<registry>", "registry and path, as in registry.example.com/dating; run docker login first")
  .argument("<stack>")
  .argument("<name...>");
act(pusher, push);
const locker = define(
  "lock",
  "Pins every image of a stack to NAME:TAG@sha256:… in Pulumi.STACK.yaml. An image that is pinned already is left\n" +
    "as it is. The Docker CLI's credentials are used (docker login).",
  [
    "images lock prod",
    "images lock prod --check",
    "images lock prod --check --json",
    "images lock prod --update bot",
  ],
)
  .argument("<stack>")
  .option(
    "--update [images...]",
    "also pin these images anew, to what their tags point to now (default: all images)",
  )
  .option(
    "--check",
    "change nothing; exit code 0: all are pinned and up to date, 2: something is not, 1: an error",
  )
  .addOption(dryRun())
  .addOption(json());
act(locker, lock);
const lister = define("list", "Prints the local name of each image.", [
  "images list",
  "images list --json",
]).addOption(json());
act(lister, list);
const pruner = define(
  "prune",
  "Removes the images of older releases from a stack's Docker host. Lists them first, then asks. These stay: the images of the\n" +
    `last releases (${projectName}:keepReleases), of the release that a rollback would deploy, and all that a container or another\n` +
    "stack there needs. Every deploy does the same at its end.",
  ["images prune prod --dry-run", "images prune prod"],
)
  .argument("<stack>")
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(pruner, pruneImages);
for (const each of [builder, pusher, locker, lister, pruner]) command.addCommand(each);
