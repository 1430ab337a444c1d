import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { contentFiles, imageSource, imageVersion, localImage, projectRoot } from "./content";
import { type ContextFile, filesOf, tar } from "./context";
import { cacheDir, lines, run } from "./docker";
import { officialImage } from "./official";

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
 * Gives the Docker host an image: the official one where the service has one and registries can be reached, else one
 * built from the Dockerfile.
 *
 * @param base - makes sure that a base image is there; called only if something must be built.
 * @returns how it was got, for people.
 * @throws CommandError with the end of the build's output, or the registry's answer.
 */
export async function provideImage(
  name: string,
  base: (reference: string) => Promise<void>,
): Promise<string> {
  const log = join(cacheDir(), "logs", `image-${name}.log`);
  rmSync(log, { force: true });
  const official = officialImage(name);
  if (official && (await pulled(official, log))) {
    await run("docker", ["tag", official, localImage(name)]);
    return `pulled ${official}`;
  }
  for (const reference of baseImages(name)) await base(reference);
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

/** The images that an image's Dockerfile starts from, without the stages of its own. */
export function baseImages(name: string, root: string = projectRoot): string[] {
  const lines = readFileSync(join(imageSource(name, root).dir, "Dockerfile"), "utf8").matchAll(
    /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim,
  );
  const stages = new Set<string>();
  const bases = new Set<string>();
  for (const [, reference, stage] of lines) {
    if (!stages.has(reference!)) bases.add(reference!);
    if (stage) stages.add(stage);
  }
  return [...bases];
}

/** Debian's slim images: the ones that debootstrap makes where no registry answers. */
const debianSlim = /^debian:([a-z]+)-slim$/;
const provided = new Map<string, Promise<void>>();

/**
 * Makes sure that a base image is on the Docker host: there already, pulled, or, for `debian:SUITE-slim`, made by
 * debootstrap and kept as a tar. One that is asked for again while this goes on is provided once.
 */
export function provideBase(reference: string, say: (line: string) => void): Promise<void> {
  const known = provided.get(reference) ?? newBase(reference, say);
  provided.set(reference, known);
  return known;
}

async function newBase(reference: string, say: (line: string) => void): Promise<void> {
  const log = join(cacheDir(), "logs", `image-${reference.replace(/[^\w.-]/g, "-")}.log`);
  if ((await run("docker", ["image", "ls", "--quiet", reference])).trim()) return;
  if (await pulled(reference, log)) return;
  const suite = debianSlim.exec(reference)?.[1];
  if (!suite) throw new Error(`${reference} cannot be pulled, and only debian:SUITE-slim is made here`);
  const file = join(cacheDir(), `debian-${suite}-slim.tar`);
  if (!existsSync(file)) {
    say(`no image registry answers: making ${reference} with debootstrap, about a minute …`);
    await run(join(projectRoot, "offline/images/base/make-base"), [suite, file], { log });
  }
  await run("docker", ["import", "--change", 'CMD ["bash"]', file, reference], { log });
}

/** What a pull says that found no way to any registry. */
const noWay =
  /no such host|server misbehaving|name resolution|i\/o timeout|connection refused|network is unreachable|SIGTERM|deadline exceeded/;
const tries = 3;
let registries: "reached" | "away" | undefined;

/**
 * Whether an image could be pulled. A machine that reaches no registry builds what it needs; where one was reached, a
 * pull that fails is tried again and is then an error: nobody waits for a build that the internet makes needless.
 */
async function pulled(reference: string, log: string): Promise<boolean> {
  for (let attempt = 1; registries !== "away"; attempt++) {
    try {
      await run("docker", ["pull", reference], { log, timeout: pullSeconds });
      registries = "reached";
      return true;
    } catch (error) {
      if (registries !== "reached" && noWay.test(String(error))) registries = "away";
      else if (attempt === tries) throw error;
      else await new Promise((later) => setTimeout(later, attempt * 5000));
    }
  }
  return false;
}

/** The image's files and, where the file `binary` names a program of the toolchain (and others of its build), those. */
/** Where Debian keeps the certificate authorities that a machine trusts. */
const trusted = "/etc/ssl/certs/ca-certificates.crt";

/** The authorities that this machine trusts: one may be of a proxy's between it and the internet. */
function machineAuthority(): string | undefined {
  const { PIP_CERT, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS } = process.env;
  return [PIP_CERT, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, trusted].find((file) => file && existsSync(file));
}

async function contextOf(name: string, log: string): Promise<ContextFile[]> {
  const { dir, shares, ...options } = imageSource(name);
  const files = filesOf(dir, contentFiles(dir, options));
  if (shares) files.push(...filesOf(shares.dir, contentFiles(shares.dir, shares)));
  const authority = machineAuthority();
  if (authority && readFileSync(join(dir, "Dockerfile"), "utf8").includes("machine-ca.cr"))
    files.push({ file: authority, name: "machine-ca.crt", executable: false });
  const [binary, ...others] = lines(join(dir, "binary"));
  if (binary) {
    const output = await run(join(projectRoot, "offline/toolchain/setup"), ["service", binary], { log });
    const program = output.trim().split("\n").at(-1) ?? "";
    files.push({ file: program, name: binary, executable: true });
    for (const other of others)
      files.push({ file: join(dirname(program), other), name: other, executable: true });
  }
  return files;
}
