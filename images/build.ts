import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { contentFiles, imageSource, imageVersion, localImage, projectRoot } from "./content";
import { type ContextFile, filesOf, tar } from "./context";
import { cacheDir, firstLine, run } from "./docker";

/** The image that every Dockerfile here starts from. */
export const baseImage = "debian:bookworm-slim";

/** Seconds after which a registry that does not answer counts as out of reach for good. */
const pullSeconds = 300;

/** The names, of those given, whose image the Docker host lacks. */
export async function missingImages(names: string[]): Promise<string[]> {
  const listing = await run("docker", [
    "image",
    "ls",
    "--format",
    "{{.Repository}}:{{.Tag}}",
    "--filter",
    "reference=dating-mini-app/*",
  ]);
  const present = new Set(listing.split("\n"));
  return names.filter((name) => !present.has(localImage(name)));
}

/**
 * Gives the Docker host an image: the official one that the file `upstream` names where it can be pulled, else one
 * built from the Dockerfile.
 *
 * @param base - makes sure that the base image is there; called only if something must be built.
 * @returns how it was got, for people.
 * @throws CommandError with the end of the build's output.
 */
export async function provideImage(name: string, base: () => Promise<void>): Promise<string> {
  const log = join(cacheDir(), "logs", `image-${name}.log`);
  rmSync(log, { force: true });
  const upstream = firstLine(join(imageSource(name).dir, "upstream"));
  if (upstream && (await pulled(upstream, log))) {
    await run("docker", ["tag", upstream, localImage(name)]);
    return `pulled ${upstream}`;
  }
  await base();
  const args = [
    "build",
    "--force-rm",
    "--build-arg",
    `VERSION=${imageVersion(name)}`,
    "--tag",
    localImage(name),
    "-",
  ];
  await run("docker", args, { input: tar(await contextOf(name, log)), log }).catch((error: Error) => {
    throw new Error(`${error.message}\n  all of it: ${log}`);
  });
  return "built";
}

/** Makes sure that the base image is on the Docker host: there already, pulled, or made by debootstrap (and kept as a tar). */
export async function provideBase(say: (line: string) => void): Promise<void> {
  const log = join(cacheDir(), "logs", "image-base.log");
  if ((await run("docker", ["image", "ls", "--quiet", baseImage])).trim()) return;
  if (await pulled(baseImage, log)) return;
  const file = join(cacheDir(), "debian-bookworm-slim.tar");
  if (!existsSync(file)) {
    say(`no image registry answers: making ${baseImage} with debootstrap, about a minute …`);
    mkdirSync(cacheDir(), { recursive: true });
    await run(join(projectRoot, "images/base/make-base"), [file], { log });
  }
  await run("docker", ["import", "--change", 'CMD ["bash"]', file, baseImage], { log });
}

let registryIsAway = false;

async function pulled(reference: string, log: string): Promise<boolean> {
  if (registryIsAway) return false;
  try {
    await run("docker", ["pull", reference], { log, timeout: pullSeconds });
    return true;
  } catch (error) {
    // One refused name is that image's problem; no way to the registry is everybody's.
    registryIsAway =
      /no such host|i\/o timeout|connection refused|network is unreachable|SIGTERM|deadline exceeded/.test(
        String(error),
      );
    return false;
  }
}

/** The image's files and, where the file `binary` names a program of the toolchain, that program. */
async function contextOf(name: string, log: string): Promise<ContextFile[]> {
  const { dir, ...options } = imageSource(name);
  const files = filesOf(dir, contentFiles(dir, options));
  const binary = firstLine(join(dir, "binary"));
  if (binary) {
    const output = await run(join(projectRoot, "toolchain/setup"), ["service", binary], { log });
    files.push({ file: output.trim().split("\n").at(-1) ?? "", name: binary, executable: true });
  }
  return files;
}
