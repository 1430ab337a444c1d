import { createReadStream, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { pack, type Pack } from "tar-stream";

import { isExecutable } from "./content";

/** A file in a build context: where it comes from, and its name there. */
export interface ContextFile {
  file: string;
  name: string;
  executable: boolean;
}

/** The given files of a folder, to be sent under their own relative names. */
export function filesOf(dir: string, paths: string[]): ContextFile[] {
  return paths.map((name) => ({ file: join(dir, name), name, executable: isExecutable(join(dir, name)) }));
}

/**
 * A tar of the files for `docker build -`, which also serves a remote engine. Owner root, modes 0644 or 0755 and
 * time 0 whatever they are on the disk: a checkout made with a strict umask otherwise gives an image whose
 * unprivileged user cannot read its own files, and a new time a rebuild.
 */
export function tar(files: ContextFile[]): Pack {
  const archive = pack();
  fill(archive, files).catch((error: Error) => archive.destroy(error));
  return archive;
}

async function fill(archive: Pack, files: ContextFile[]): Promise<void> {
  for (const { file, name, executable } of files) {
    const header = { name, size: statSync(file).size, mode: executable ? 0o755 : 0o644, mtime: new Date(0) };
    await pipeline(createReadStream(file), archive.entry(header));
  }
  archive.finalize();
}
