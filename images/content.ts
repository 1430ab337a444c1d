import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { firstLine } from "./docker";
import { officialImage } from "./official";

/** The project's folder, which holds `images/` and `migrations/`. */
export const projectRoot = resolve(__dirname, "..");

export interface ContentOptions {
  /** Only files for which this answers true. Default: all. The path is relative to the folder, with `/`. */
  include?: (path: string) => boolean;
  /** Files to leave out, on top of what editors, Python and operating systems leave behind. Default: none. */
  exclude?: (path: string) => boolean;
}

// Whatever matches differs between two checkouts of one commit, and no image needs it.
const leftovers =
  /^(?:\.git|\.idea|\.vscode|\.DS_Store|__pycache__|node_modules|\..*\.sw[a-p]|\.#.*|#.*#|.*~|.*\.(?:pyc|orig|rej|bak))$/;

/**
 * The files below a folder that count as its content: relative paths with `/`, sorted by code unit, so that the
 * order is the same in every locale.
 *
 * @throws when the folder does not exist, or holds anything but files and folders (a link, a socket).
 */
export function contentFiles(dir: string, options: ContentOptions = {}): string[] {
  const { include = () => true, exclude = () => false } = options;
  const found: string[] = [];
  const walk = (prefix: string): void => {
    for (const entry of readdirSync(join(dir, prefix), { withFileTypes: true })) {
      if (leftovers.test(entry.name)) continue;
      const path = prefix + entry.name;
      if (entry.isDirectory()) walk(`${path}/`);
      else if (!include(path) || exclude(path)) continue;
      else if (entry.isFile()) found.push(path);
      else
        throw new Error(
          `${join(dir, path)}: neither a file nor a folder, and cannot be part of an image's content`,
        );
    }
  };
  walk("");
  return found.sort((a, b) => (a < b ? -1 : 1));
}

/**
 * A folder's content as SHA-256 in hex (64 characters): relative paths, whether they are executable, and bytes.
 * Times, owners and the other permission bits do not count: git does not keep them.
 *
 * @throws as {@link contentFiles} does.
 */
export function contentHash(dir: string, options: ContentOptions = {}): string {
  const hash = createHash("sha256");
  for (const path of contentFiles(dir, options)) {
    const file = join(dir, path);
    const bytes = readFileSync(file);
    // The length keeps two files from reading like one.
    hash.update(`${path}\0${isExecutable(file) ? "x" : "-"}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** Whether the owner may execute the file: the one permission that git keeps. */
export function isExecutable(file: string): boolean {
  return (lstatSync(file).mode & 0o100) !== 0;
}

/** Where images are built from: ours, and what stands in for official ones on a machine that can pull none. */
const sourceFolders = ["images", "offline/images"];

/** The names of all images that are built or pulled here, sorted: each folder with a Dockerfile, and migrations. */
export function imageNames(root: string = projectRoot): string[] {
  const names = sourceFolders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).filter((name) => existsSync(join(folder, name, "Dockerfile"))));
  return [...names, "migrations"].sort();
}

/** Where an image is built from, and which of the folder's files are part of it. */
export interface ImageSource extends ContentOptions {
  dir: string;
  /** Another image's source, whose files but for the Dockerfile are part of this one, too: its file `shares` names it. */
  shares?: ImageSource;
}

// They are about an image, and no part of it.
const notes = ["README.md", "shares"];

/**
 * An image's source.
 *
 * @throws when there is no such image; the message lists those that there are.
 */
export function imageSource(name: string, root: string = projectRoot): ImageSource {
  if (!imageNames(root).includes(name)) {
    throw new Error(`no image ${name}: there are ${imageNames(root).join(", ")}`);
  }
  if (name === "migrations") {
    // Revisions are copied into the container when it runs: a new one needs no new image.
    return { dir: join(root, "migrations"), include: (path) => ["Dockerfile", "run-alembic"].includes(path) };
  }
  const folder = sourceFolders.find((folder) => existsSync(join(root, folder, name, "Dockerfile")))!;
  const dir = join(root, folder, name);
  const exclude = (path: string) => notes.includes(path) || path.startsWith("tests/");
  const other = firstLine(join(dir, "shares"));
  if (!other) return { dir, exclude };
  const shares = imageSource(other, root);
  return {
    ...{ dir, exclude },
    shares: { ...shares, exclude: (path) => path === "Dockerfile" || Boolean(shares.exclude?.(path)) },
  };
}

/**
 * The first 12 characters of the hash of an image's source, of what it shares with another image, of the program's that it
 * is made with where its file `binary` names one, and of the name of the official image that it stands for: its tag, and
 * the version that it reports. Another official image is another one, on a machine that pulls it.
 */
export function imageVersion(name: string, root: string = projectRoot): string {
  const { dir, shares, ...options } = imageSource(name, root);
  const binary = firstLine(join(dir, "binary"));
  const official = officialImage(name);
  const parts = [
    contentHash(dir, options),
    ...(shares ? [contentHash(shares.dir, shares)] : []),
    ...(binary ? [contentHash(join(root, "offline/toolchain/services", binary))] : []),
    ...(official ? [official] : []),
  ];
  if (parts.length === 1) return parts[0]!.slice(0, 12);
  return createHash("sha256").update(parts.join("")).digest("hex").slice(0, 12);
}

/**
 * The local name of an image, `dating-mini-app/NAME:HASH12`. A changed source gives another tag, never the same
 * tag on another image, which the Docker provider would not notice.
 */
export function localImage(name: string, root: string = projectRoot): string {
  return `dating-mini-app/${name}:${imageVersion(name, root)}`;
}
