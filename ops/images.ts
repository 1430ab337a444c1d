import { existsSync } from "node:fs";
import { join } from "node:path";

import { program } from "commander";

import { missingImages, provideBase, provideImage } from "../images/build";
import { imageNames, localImage, projectRoot } from "../images/content";
import { run } from "../images/docker";
import { pushImages } from "../images/push";
import { StackFile } from "./stack-file";

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
  let base: Promise<void> | undefined;
  const baseOnce = (): Promise<void> => (base ??= provideBase((line) => console.log(`images: ${line}`)));
  const queue = [...missing];
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const start = Date.now();
      try {
        const how = await provideImage(name, baseOnce);
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

/** A stack without a file is not known yet: it is told so later, by what deploys it. */
function usesLocalImages(stack: string): boolean {
  if (!existsSync(join(projectRoot, `Pulumi.${stack}.yaml`))) return true;
  return String(new StackFile(stack).value("localImages")) === "true";
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
  .option("--for <stack>", "nothing, where the stack uses none of them")
  .action(async (names: string[], options: { for?: string }) => {
    if (options.for && !usesLocalImages(options.for)) return;
    await build(names.length > 0 ? names : imageNames());
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
