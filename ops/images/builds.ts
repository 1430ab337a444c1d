import { existsSync } from "node:fs";
import { join } from "node:path";

import { imageFor, imagesFor } from "../../config/keys";
import { missingImages, provideBase, provideImage } from "../../images/build";
import { localImage, projectRoot } from "../../images/content";
import { run } from "../../images/docker";
import { progress } from "../quiet";
import { logCollectorIn, postgresVersionIn, StackFile } from "../stack/file";

/** As many at once: a build waits for the network about as long as for the processor. */
const parallel = 2;

/**
 * Builds or pulls those of the images that the Docker host lacks.
 *
 * @param names as in `bot`; none is nothing to do
 * @throws Error that lists every image that could not be had
 */
export async function buildImages(names: string[]): Promise<void> {
  if (names.length === 0) return;
  const begin = Date.now();
  names.forEach((name) => localImage(name));
  const missing = await missingImages(names);
  if (missing.length === 0) {
    progress(`images: all ${names.length} are there`);
    return;
  }
  const base = (reference: string): Promise<void> =>
    provideBase(reference, (line) => progress(`images: ${line}`));
  const queue = [...missing];
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const start = Date.now();
      try {
        const how = await provideImage(name, base);
        progress(`images: ${localImage(name)} ${how} in ${seconds(start)} s, ${await megabytes(name)} MB`);
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  if (failures.length > 0) throw new Error(failures.join("\n"));
  progress(`images: ${missing.length} new, ${names.length - missing.length} were there, ${seconds(begin)} s`);
}

/** What a stack uses of the images here. One without a file is not known yet: it is told so later, by what deploys it. */
export function imagesUsedBy(stack: string): string[] {
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
