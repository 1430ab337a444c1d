import { FolderStore } from "./folder";
import { S3Store } from "./s3";
import type { WritableStore } from "./store";

/**
 * Opens a stack's archives at a place that people name: a folder, or `s3://BUCKET/PREFIX`.
 *
 * @throws BackupError when the place has a form that means nothing
 */
export function openStore(location: string, stack: string): WritableStore {
  return location.startsWith("s3://") ? new S3Store(location, stack) : new FolderStore(location, stack);
}
