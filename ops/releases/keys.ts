import { metaOf } from "../../config/keys/fields";
import { keys } from "../../config/keys";

/**
 * The configuration keys that belong to a release, as its images do, and not to a stack: a promotion takes them along, and a
 * rollback brings them back. Memory limits, addresses or the times of backups are the stack's, and stay.
 */
export const releaseKeys: readonly string[] = Object.entries(keys.shape)
  .filter(([, field]) => metaOf(field).promoted)
  .map(([name]) => name);
