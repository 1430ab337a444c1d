import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { isAlive } from "../../../host/marks/holder";
import { BackupError, parseManifest, type Manifest } from "./manifest";
import type { ArchiveWriter, WritableStore } from "./store";

/** Archives in a folder of this machine: `FOLDER/STACK/NAME/`, readable by the user alone. */
export class FolderStore implements WritableStore {
  readonly where: string;

  constructor(folder: string, stack: string) {
    this.where = join(folder, stack);
  }

  async names(): Promise<string[]> {
    const entries = await readdir(this.where).catch(() => []);
    return entries.filter((name) => /^\d{8}T\d{6}Z$/.test(name)).sort();
  }

  async manifest(name: string): Promise<Manifest> {
    const file = join(this.where, name, "manifest.json");
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new BackupError(
        error.code === "ENOENT" ? `There is no archive ${name} in ${this.where}.` : error.message,
      );
    });
    return parseManifest(text, join(this.where, name));
  }

  async read(name: string, file: string): Promise<Readable> {
    const path = join(this.where, name, file);
    await stat(path).catch(() => {
      throw new BackupError(`${join(this.where, name)} lacks its part ${file}. Nothing was changed.`);
    });
    return createReadStream(path);
  }

  async begin(name: string): Promise<ArchiveWriter> {
    const final = join(this.where, name);
    // Whose it is stands in its name: two that write the same archive are not in each other's way.
    const partial = join(this.where, `${unfinished}${name}.${random()}.${process.pid}@${hostname()}`);
    await mkdir(this.where, { recursive: true, mode: 0o700 });
    await this.removeLeftovers();
    await mkdir(partial, { mode: 0o700 });
    return {
      write: async (file, content) => {
        const path = join(partial, file);
        await pipeline(content, createWriteStream(path, { flags: "wx", mode: 0o600, flush: true }));
      },
      commit: async (manifest) => {
        const text = `${JSON.stringify(manifest, null, 2)}\n`;
        await writeFile(join(partial, "manifest.json"), text, { flag: "wx", mode: 0o600, flush: true });
        await rename(partial, final).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
          throw new BackupError(
            `${final} is there already: another run has made it meanwhile, and it stays.`,
          );
        });
        const folder = await open(this.where);
        await folder.sync().finally(() => folder.close());
      },
      abort: () => rm(partial, { recursive: true, force: true }),
    };
  }

  /** Removes what a run of this machine that is gone had begun, and tells of another machine's, which may still go on. */
  private async removeLeftovers(): Promise<void> {
    for (const left of (await readdir(this.where)).filter((entry) => entry.startsWith(unfinished))) {
      const [, pid, host] = /\.(\d+)@(.+)$/.exec(left) ?? [];
      const path = join(this.where, left);
      if (host === hostname() && !isAlive(Number(pid))) {
        await rm(path, { recursive: true, force: true });
        console.error(`Removed ${path}, which an interrupted backup had left.`);
      } else if (host !== hostname()) {
        console.error(`${path} is unfinished. Where no backup runs on ${host ?? "any machine"}, remove it.`);
      }
    }
  }
}

/** What the folder of an archive begins with that is not complete. */
const unfinished = ".partial-";

const random = () => randomBytes(3).toString("hex");
