import { RunError } from "@pulumi/pulumi/errors";
import { closest } from "fastest-levenshtein";
import type { z } from "zod";

import { metaOf, type KeyMeta } from "../keys/fields";

/** Something that is wrong with the configuration, and the command that mends it. */
export interface Problem {
  /** The key with its namespace, and its path for a part of a structured key: `dating:memory.bot`. */
  key: string;
  /** What is wrong, so that "key problem" is a sentence. Never holds the value. */
  problem: string;
  /** The command that mends it. */
  command: string;
}

/** A stack's configuration as Pulumi hands it to the program: keys without their namespace, values as text. */
export interface RawConfig {
  namespace: string;
  stack: string;
  values: Record<string, string>;
  /** The keys whose values are stored encrypted. */
  secretKeys: ReadonlySet<string>;
  /** The stack's file, by key without its namespace, where it could be read: of a structured value it tells what is encrypted. */
  stored?: Readonly<Record<string, unknown>>;
  /** What encrypts the stack's secrets, where that is a passphrase. */
  passphrase?: string;
}

/** Wrong configuration: its message lists every problem at once and is meant for the user, without a stack trace. */
export class ConfigurationError extends RunError {
  constructor(
    readonly stackName: string,
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(
      [
        `The configuration of stack ${stackName} has ${count}; nothing was changed.`,
        ...problems.map(({ key, problem, command }) => `  ${key} ${problem}\n      ${command}`),
      ].join("\n"),
    );
    this.name = "ConfigurationError";
  }
}

/**
 * Checks a whole configuration against its type.
 *
 * @returns the typed values, or every problem found: wrong values, missing and unknown keys
 */
export function check<T extends z.ZodObject>(
  type: T,
  raw: RawConfig,
): { values: z.output<T>; problems: [] } | { values?: undefined; problems: Problem[] } {
  const result = type.safeParse(raw.values);
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => describe(type, raw, issue));
  return result.success ? { values: result.data, problems: [] } : { problems };
}

/** The command that sets a key, or a part of a structured key, to an example of a right value. */
export function setCommand(
  raw: Pick<RawConfig, "namespace" | "stack">,
  path: string[],
  meta: KeyMeta,
): string {
  const part = meta.list ? "0" : meta.named;
  const target = targetOf(raw, part && path.length === 1 ? [...path, part] : path);
  // Left out, the CLI asks for the value without showing it and keeps it out of the shell's history.
  return meta.secret
    ? `pulumi config set --stack ${raw.stack} --secret ${target}`
    : `pulumi config set --stack ${raw.stack} ${target} '${meta.example}'`;
}

/** The command that removes a key, or a part of a structured key. */
export function removeCommand(raw: Pick<RawConfig, "namespace" | "stack">, path: string[]): string {
  return `pulumi config rm --stack ${raw.stack} ${targetOf(raw, path)}`;
}

/** How the CLI is told of a key, or of a part of a structured key; a name with dots in it stands in brackets. */
function targetOf(raw: Pick<RawConfig, "namespace">, [key, ...path]: string[]): string {
  const whole = `${raw.namespace}:${key}`;
  const part = (name: string) => {
    if (/^\d+$/.test(name)) return `[${name}]`;
    return name.includes(".") ? `["${name}"]` : `.${name}`;
  };
  return path.length === 0 ? whole : `--path '${whole}${path.map(part).join("")}'`;
}

function describe(type: z.ZodObject, raw: RawConfig, issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String);

  if (issue.code === "unrecognized_keys") {
    const known = path.length === 0 ? Object.keys(type.shape) : knownNames(type.shape[path[0]!]);
    const hint = (name: string) => (known.length > 0 ? `; did you mean ${closest(name, known)}?` : "");
    return issue.keys.map((name) => wrongName(raw, [...path, name], `is not a known key${hint(name)}`));
  }
  if (issue.code === "invalid_key") return [wrongName(raw, path, issue.issues[0]!.message)];

  const [name] = path as [string];
  const missing = path.length === 1 && !(name in raw.values);
  return [
    {
      key: `${raw.namespace}:${path.join(".")}`,
      problem: missing ? "is missing" : issue.message,
      command: setCommand(raw, path, metaOf(type.shape[name])),
    },
  ];
}

/** A key, or a name in a structured key, that must not be there. */
function wrongName(raw: RawConfig, path: string[], problem: string): Problem {
  const key = `${raw.namespace}:${path.join(".")}`;
  return { key, problem, command: removeCommand(raw, path) };
}

/** The names that a structured key accepts; none where the names are free. */
function knownNames(field: unknown): string[] {
  const definition = (field as { def?: { innerType?: unknown; out?: unknown; in?: unknown; shape?: object } })
    .def;
  if (definition === undefined) return [];
  if (definition.shape) return Object.keys(definition.shape);
  return [definition.innerType, definition.out, definition.in].flatMap((inner) =>
    inner === undefined ? [] : knownNames(inner),
  );
}
