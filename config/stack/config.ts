import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { projectRoot } from "../../images/content";

/**
 * A stack's file as it is, by key without the namespace: an encrypted value is `{ secure: … }` in it. Where a deploy is told of
 * another file (`--config-file`), it is still this one that is committed.
 *
 * @returns undefined where there is no such file, or it is not YAML; Pulumi itself says so
 */
export function storedConfig(
  stack: string,
  namespace: string,
  root: string = projectRoot,
): Record<string, unknown> | undefined {
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) return undefined;
  try {
    const { config } = load(readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
    return Object.fromEntries(
      Object.entries(config ?? {}).map(([key, value]) => [key.replace(`${namespace}:`, ""), value]),
    );
  } catch {
    return undefined;
  }
}

/** Whether a stack's secrets are encrypted with a passphrase: its file has the salt then. */
export function hasPassphrase(stack: string, root: string = projectRoot): boolean {
  const file = join(root, `Pulumi.${stack}.yaml`);
  return existsSync(file) && /^encryptionsalt:/m.test(readFileSync(file, "utf8"));
}
