import { Cron } from "croner";
import { z } from "zod";

import type { Size } from "./units";

/*
 * The kinds of value that a configuration key can have. Pulumi hands every value over as text, so each kind
 * reads text. Messages finish the sentence "dating:key …" and never repeat the value, which may be a secret.
 */

/** What the documentation and the error messages need to know of a key beside its type. */
export interface KeyMeta {
  /** What the key is for, for the table in the README. */
  description: string;
  /** A valid value, shown in the command that mends a problem. */
  example: string;
  /** The value must be stored encrypted. */
  secret?: true;
  /** The value belongs to a release, and is promoted with its images. */
  promoted?: true;
}

/** Attaches documentation to a key's type. */
export function key<T extends z.ZodType>(type: T, meta: KeyMeta): T {
  return type.meta({ ...meta });
}

/** The documentation of a key. */
export function metaOf(field: unknown): KeyMeta {
  return (field as z.ZodType).meta() as unknown as KeyMeta;
}

/** Text that matches a pattern. */
export const text = (pattern: RegExp, otherwise: string) => z.string().regex(pattern, otherwise);

/** A whole number within bounds, both included. */
export const integer = (minimum: number, maximum: number) => {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^-?\d+$/, message)
    .transform(Number)
    .pipe(z.number().min(minimum, message).max(maximum, message));
};

/** A decimal number within bounds, both included. */
export const decimal = (minimum: number, maximum: number) => {
  const message = `must be a number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, message)
    .transform(Number)
    .pipe(z.number().min(minimum, message).max(maximum, message));
};

/** true or false. */
export const flag = () =>
  z.enum(["true", "false"], "must be true or false").transform((value) => value === "true");

/** A cron expression of five fields, without names: the part that every implementation reads the same way. */
export const cron = () =>
  z.string().refine((value) => {
    try {
      return /^[\d*,/-]+( [\d*,/-]+){4}$/.test(value) && new Cron(value, { paused: true }).nextRun() !== null;
    } catch {
      return false;
    }
  }, 'must be a cron expression of five fields, as in "15 3 * * *" for every day at 3:15');

/** An http or https address. */
export const webUrl = () => text(/^https?:\/\/[^\s/]+\S*$/, "must be an http:// or https:// address");

/** An amount of memory, in at least 6 MiB: the least that Docker accepts. */
export const size = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,6} (MiB|GiB)$/, 'must be a whole number with its unit, as in "512 MiB" or "2 GiB"')
    .transform((value) => value as Size)
    .refine((value) => !/^[1-5] MiB$/.test(value), "must be at least 6 MiB");

/** A structured value: pairs of a known name and a value. Other names are refused. */
export const map = <K extends string, V extends z.ZodType>(names: readonly K[], value: V) =>
  structure()
    .pipe(z.strictObject(Object.fromEntries(names.map((name) => [name, value.optional()]))))
    .transform((entries) => entries as { [name in K]?: z.output<V> });

/** A structured value: pairs of a free name, which matches the pattern, and a value. */
export const pairs = <V extends z.ZodType>(name: RegExp, otherwise: string, value: V) =>
  structure().pipe(z.record(z.string().regex(name, otherwise), value));

/** Reads Pulumi's JSON text of a structured key. A number or a flag inside, as YAML reads one, counts as its text. */
function structure() {
  return z.string().transform((value, context) => {
    const parsed = parseJson(value);
    if (parsed !== null && typeof parsed === "object" && !Array.isArray(parsed)) {
      return Object.fromEntries(
        Object.entries(parsed).map(([name, entry]: [string, unknown]) => [
          name,
          typeof entry === "number" || typeof entry === "boolean" ? String(entry) : entry,
        ]),
      );
    }
    context.addIssue({ code: "custom", message: "must be a set of names and values" });
    return z.NEVER;
  });
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
