import type { Readable } from "node:stream";

import type { Manifest } from "./manifest";

/** Where the archives of one stack are kept: each a set of files, of which the manifest is written last. */
export interface ArchiveStore {
  /** For messages. */
  readonly where: string;
  /** The names of the complete archives, oldest first. */
  names(): Promise<string[]>;
  /**
   * @throws BackupError when there is no such archive, or it is none of ours
   */
  manifest(name: string): Promise<Manifest>;
  /** The content of a part. */
  read(name: string, file: string): Promise<Readable>;
}

/** A store that takes new archives. */
export interface WritableStore extends ArchiveStore {
  begin(name: string): Promise<ArchiveWriter>;
}

/** An archive that is being written. Until it is committed, nobody takes it for one. */
export interface ArchiveWriter {
  write(file: string, content: Readable): Promise<void>;
  commit(manifest: Manifest): Promise<void>;
  /** Removes what was written. */
  abort(): Promise<void>;
}
