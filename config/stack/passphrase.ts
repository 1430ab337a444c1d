import { readFileSync } from "node:fs";

import type { Problem, RawConfig } from "../problems";
import { mayHavePublicPassphrase } from "./kind";

/** The passphrase that setup/environment gives the stacks of this machine's own state. It stands in this checkout for all to read. */
const publicPassphrase = "dev";

/** Whether a passphrase is the one that everybody knows. */
export const isPublicPassphrase = (passphrase: string | undefined) => passphrase === publicPassphrase;

/** A stack that others have, too, must not be encrypted with a word that everybody knows. */
export function passphraseProblems({
  stack,
  passphrase,
}: Pick<RawConfig, "stack" | "passphrase">): Problem[] {
  if (!isPublicPassphrase(passphrase) || mayHavePublicPassphrase(stack)) return [];
  return [
    {
      key: `The passphrase of stack ${stack}`,
      problem: `is "${publicPassphrase}", which is public: whoever has the state or Pulumi.${stack}.yaml can read its secrets`,
      command: `pulumi stack change-secrets-provider --stack ${stack} passphrase`,
    },
  ];
}

/**
 * The passphrase that this process's environment gives to Pulumi.
 *
 * @returns undefined where there is none, or its file cannot be read, which Pulumi itself says
 */
export function givenPassphrase(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_CONFIG_PASSPHRASE_FILE: file } = env;
  if (passphrase !== undefined || !file) return passphrase;
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}
