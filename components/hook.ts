import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { toSeconds, type Duration } from "../config/units";

export interface HookArgs {
  /** Command line that makes what the resource stands for, such as `bash hooks/provision-role.sh`. */
  create: string;
  /** Command line of a change. Default: `create`. */
  update?: string;
  /** What the hook is told. */
  environment: Record<string, pulumi.Input<string>>;
  /** What it is told that nobody else may read, as further environment variables. */
  secrets?: Record<string, pulumi.Input<string>>;
  /** The secret that it reads, one a line. */
  stdin?: pulumi.Input<string>;
  /** How long it may take; then it is ended, and the deploy fails. */
  limit: Duration;
  /** Values on whose change it runs anew. */
  triggers?: pulumi.Input<string>[];
  /**
   * Whether the state keeps readable what it printed, without the secrets.
   * @default false
   */
  openOutput?: boolean;
}

/**
 * A hook that is given secrets. What it prints is shown without them, and is a secret in the state: Pulumi's command plugin
 * itself shows and keeps all that a program prints.
 */
export function secretHook(
  name: string,
  { create, update, environment, secrets = {}, stdin, limit, triggers, openOutput }: HookArgs,
  opts: pulumi.CustomResourceOptions,
): command.local.Command {
  return new command.local.Command(
    name,
    {
      create: guarded(create, limit, Object.keys(secrets)),
      update,
      environment: { ...environment, ...secrets },
      stdin,
      triggers,
    },
    { ...opts, additionalSecretOutputs: openOutput ? [] : ["stdout", "stderr"] },
  );
}

/** The command line of a hook in TypeScript, whose types Node.js itself leaves out. @throws RunError where it is too old for that */
export function typescriptHook(name: string): string {
  if (!process.features.typescript)
    throw new pulumi.RunError(
      `Node.js ${process.version} is too old, nothing was changed. Install 22.18 or newer, or: eval "$(make -s env)"`,
    );
  return `node --disable-warning=ExperimentalWarning hooks/${name}.mts`;
}

/**
 * The command line of a hook that may take so long at most, and shows nothing of its standard input and of these environment
 * variables (`hooks/guarded.mjs`).
 */
export function guarded(hook: string, limit: Duration, secrets: string[] = []): string {
  const options = [`--limit ${toSeconds(limit)}`, ...secrets.map((name) => `--secret ${name}`)];
  return `node hooks/guarded.mjs ${options.join(" ")} -- ${hook}`;
}
