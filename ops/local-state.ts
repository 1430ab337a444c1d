import { homedir } from "node:os";

/**
 * The folder of a backend that is one (`file://FOLDER`, with options after a `?`), and undefined of any other: Pulumi
 * Cloud and the buckets keep their files whole and their locks to themselves.
 */
export function stateFolder(backend = process.env.PULUMI_BACKEND_URL ?? ""): string | undefined {
  const [, folder] = /^file:\/\/([^?]*)/.exec(backend) ?? [];
  return folder?.replace(/^~/, homedir());
}
