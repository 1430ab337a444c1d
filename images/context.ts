import { createReadStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isExecutable } from "./content";

/** A file in a tar: where it comes from, and its name in the tar. */
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
 * A tar (ustar) of the files, in chunks. Owner root, modes 0644 or 0755 and time 0 whatever they are on the disk:
 * a checkout made with a strict umask otherwise gives an image whose unprivileged user cannot read its own files,
 * and a new time a rebuild.
 *
 * Serves `docker build -` and `docker cp - CONTAINER:/folder`, both also with a remote engine.
 *
 * @throws when a name is longer than ustar's 100 characters, or a file is 8 GB or larger.
 */
export async function* tar(files: ContextFile[]): AsyncGenerator<Buffer> {
  for (const { file, name, executable } of files) {
    const { size } = statSync(file);
    yield header(name, size, executable);
    if (size < 1 << 20) yield readFileSync(file);
    else yield* createReadStream(file) as AsyncIterable<Buffer>;
    yield Buffer.alloc((512 - (size % 512)) % 512);
  }
  yield Buffer.alloc(1024);
}

function header(name: string, size: number, executable: boolean): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name}: the name is too long for a build context`);
  if (size >= 8 ** 11) throw new Error(`${name}: ${size} bytes are too many for a build context`);
  const block = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;
  block.write(name, 0);
  block.write(octal(executable ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(0, 12), 108);
  // The checksum is taken with its own field as spaces.
  block.write("        0", 148);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
