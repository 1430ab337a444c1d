import { localImage, imageNames } from "../images/content";
import { pushImages } from "../images/push";
import { buildImages, imagesUsedBy } from "../ops/image-builds";
import { lockImages, type LockImages } from "../ops/image-lock";
import { foundSomething } from "../ops/stack/errors";
import { StackFile } from "../ops/stack-file";
import { act, define, dryRun } from "./command";

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

async function lock(stack: string, options: LockImages): Promise<number | void> {
  if (await lockImages(stack, options)) return foundSomething;
}

export const command = define(
  "images",
  "The images that are built or pulled here, and those that a stack is pinned to.",
);
const builder = define("build", "Builds or pulls what the Docker host lacks.", [
  "images build",
  "images build bot webapp",
  "images build --for dev",
])
  .argument("[name...]", "images (default: all)")
  .option("--for <stack>", "only what the stack uses of them");
act(builder, build);
const pusher = define(
  "push",
  "Builds images, pushes them to a registry, and pins them in Pulumi.STACK.yaml by digest.",
  ["images push registry.example.com/dating staging bot webapp"],
)
  .argument("<registry>", "with a path, as in registry.example.com/dating; the Docker CLI is logged in to it")
  .argument("<stack>")
  .argument("<name...>");
act(pusher, push);
const locker = define(
  "lock",
  "Pins every image of a stack to NAME:TAG@sha256:… in Pulumi.STACK.yaml. What is pinned stays as it is.\n" +
    "Registries are asked with the credentials of the Docker CLI (docker login).",
  ["images lock prod", "images lock prod --check", "images lock prod --update bot"],
)
  .argument("<stack>")
  .option("--update [images...]", "also pin again where a tag points to now (default: all images)")
  .option(
    "--check",
    "change nothing; exit code 0: all pinned and nothing newer, 2: something is, 1: an error",
  )
  .addOption(dryRun());
act(locker, lock);
const lister = define("list", "Prints the local name of each image.", ["images list"]);
act(lister, () => imageNames().forEach((name) => console.log(localImage(name))));
for (const each of [builder, pusher, locker, lister]) command.addCommand(each);
