import { program } from "commander";

import { missingImages, provideBase, provideImage } from "../images/build";
import { imageNames, localImage } from "../images/content";
import { run } from "../images/docker";

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
  .action((names: string[]) => build(names.length > 0 ? names : imageNames()));
program
  .command("list")
  .description("prints the local name of each image")
  .action(() => imageNames().forEach((name) => console.log(localImage(name))));

program.parseAsync().catch((error: unknown) => {
  console.error(`images: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
