import { existsSync } from "node:fs";
import { join } from "node:path";

import { program } from "commander";

import { imageFor, imagesFor } from "../config/keys";
import { missingImages, provideBase, provideImage } from "../images/build";
import { imageNames, localImage, projectRoot } from "../images/content";
import { run } from "../images/docker";
import { pushImages } from "../images/push";
import { logCollectorIn, postgresVersionIn, StackFile } from "./stack-file";

/** As many at once: a build waits for the network about as long as for the processor. */
const parallel = 2;

async function build(names: string[]): Promise<void> {
  const begin = Date.now();
  names.forEach((name) => localImage(name));
  const missing = await missingImages(names);
  if (missing.length === 0) {
    console.log(`images: all ${names.length} are there`);
    return;
  }
  const base = (reference: string): Promise<void> =>
    provideBase(reference, (line) => console.log(`images: ${line}`));
  const queue = [...missing];
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const start = Date.now();
      try {
        const how = await provideImage(name, base);
        console.log(`images: ${localImage(name)} ${how} in ${seconds(start)} s, ${await megabytes(name)} MB`);
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  if (failures.length > 0) throw new Error(failures.join("\n"));
  console.log(
    `images: ${missing.length} new, ${names.length - missing.length} were there, ${seconds(begin)} s`,
  );
}

/** What a stack uses of the images here. One without a file is not known yet: it is told so later, by what deploys it. */
function imagesOf(stack: string): string[] {
  const file = existsSync(join(projectRoot, `Pulumi.${stack}.yaml`)) ? new StackFile(stack) : undefined;
  if (file && String(file.value("localImages")) !== "true") return [];
  const configured = file?.entries("images") ?? {};
  return imagesFor(String(file?.value("monitoring")) === "true", logCollectorIn(file))
    .filter((name) => !configured[name])
    .map((name) => imageFor(name, postgresVersionIn(file)));
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}

async function megabytes(name: string): Promise<number> {
  const size = await run("docker", ["image", "inspect", "--format", "{{.Size}}", localImage(name)]);
  return Math.round(Number(size) / 1e6);
}

program.name("ops/images").description("The images that are built or pulled here.");
program
  .command("build")
  .description("builds or pulls what the Docker host lacks")
  .argument("[name...]", "images (default: all)")
  .option("--for <stack>", "only what the stack uses of them")
  .action(async (names: string[], options: { for?: string }) => {
    const wanted = names.length > 0 ? names : imageNames();
    const used = options.for ? imagesOf(options.for) : wanted;
    const chosen = wanted.filter((name) => used.includes(name));
    if (chosen.length > 0) await build(chosen);
  });
program
  .command("push")
  .description("builds images, pushes them to a registry, and pins them in Pulumi.STACK.yaml by digest")
  .argument("<registry>", "with a path, as in registry.example.com/dating; the Docker CLI is logged in to it")
  .argument("<stack>")
  .argument("<name...>")
  .action(async (registry: string, stack: string, names: string[]) => {
    const file = new StackFile(stack);
    await build(names);
    const pushed = await pushImages(registry, names);
    for (const [name, reference] of pushed) {
      file.set(reference, "images", name);
      console.log(`${name}: ${reference}`);
    }
    file.save();
  });
program
  .command("list")
  .description("prints the local name of each image")
  .action(() => imageNames().forEach((name) => console.log(localImage(name))));

program.parseAsync().catch((error: unknown) => {
  console.error(`images: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
