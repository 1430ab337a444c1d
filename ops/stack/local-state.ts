import { homedir } from "node:os";
import { join } from "node:path";

import { projectName } from "../../config/project";

/**
 * The folder of a backend that is one (`file://FOLDER`, with options after a `?`), and undefined of any other: Pulumi
 * Cloud and the buckets keep their files whole and their locks to themselves.
 */
export function stateFolder(backend = process.env.PULUMI_BACKEND_URL ?? ""): string | undefined {
  const [, folder] = /^file:\/\/([^?]*)/.exec(backend) ?? [];
  return folder?.replace(/^~/, homedir());
}

/** The file of a stack's state in a backend that is a folder; undefined in any other. To ask a backend takes as long as a preview. */
export function stateFile(stack: string, backend?: string): string | undefined {
  const folder = stateFolder(backend);
  return folder === undefined ? undefined : join(folder, `.pulumi/stacks/${projectName}`, `${stack}.json`);
}
