import { Cron } from "croner";
import { z } from "zod";

import { parseReference } from "../../images/reference";
import { toBytes, type Size, type Amount } from "../units";

/*
 * The kinds of value that a configuration key can have. Pulumi hands every value over as text, so each kind
 * reads text. Messages finish the sentence "dating:key …" and never repeat the value, which may be a secret.
 */

/** What the documentation and the error messages need to know of a key beside its type. */
export interface KeyMeta {
  /** What the key is for, for the table in docs/reference/configuration.md. */
  description: string;
  /** A valid value, shown in the command that mends a problem. */
  example: string;
  /** The value must be stored encrypted. */
  secret?: true;
  /** The value is a list, and the example one of its entries. */
  list?: true;
  /** The value has parts with free names, and this is one in the command that sets a part. */
  named?: string;
  /** The key that takes what of this one is secret. */
  secretsIn?: string;
  /** The value belongs to a release, and is promoted with its images. */
  promoted?: true;
}

/** Attaches documentation to a key's type. */
export function key<T extends z.ZodType>(type: T, meta: KeyMeta): T {
  return type.meta({ ...meta });
}

declare const secretMark: unique symbol;
/** The type of a key whose value must be stored encrypted. */
export interface SecretField {
  readonly [secretMark]: true;
}

/** Attaches documentation to the type of a key whose value, or each part of it, must be stored encrypted. */
export function secretKey<T extends z.ZodType>(
  type: T,
  meta: Omit<KeyMeta, "example" | "secret">,
): T & SecretField {
  return key(type, { ...meta, example: "", secret: true }) as T & SecretField;
}

/** The documentation of a key. */
export function metaOf(field: unknown): KeyMeta {
  return (field as z.ZodType).meta() as unknown as KeyMeta;
}

/** Text that matches a pattern. What else is asked of it is not looked at where it does not. */
export const text = (pattern: RegExp, otherwise: string) =>
  z.string().regex(pattern, { error: otherwise, abort: true });

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

/** A day of the calendar, as in 2027-02-01, and none before the first. */
export const day = (first: string) =>
  z
    .string()
    .refine(
      (value) => isDay(value) && value >= first,
      `must be a day from ${first} on, in the form YYYY-MM-DD`,
    );

function isDay(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === value;
}

/** An http or https address. */
export const webUrl = () =>
  text(/^https?:\/\/[^\s/]+\S*$/, "must be an http:// or https:// address").refine(
    (value) => URL.canParse(value),
    "must be an address whose host and port there can be",
  );

/** A reference to an image, as Docker reads it. */
export const imageReference = () =>
  z.string("must be an image reference").refine((value) => {
    try {
      return parseReference(value) !== undefined;
    } catch {
      return false;
    }
  }, "must be an image reference, as in registry.example.com/dating/bot:1.0.0");

/** An amount of memory, in at least 6 MiB: the least that Docker accepts. */
export const size = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,6} (MiB|GiB)$/, 'must be a whole number with its unit, as in "512 MiB" or "2 GiB"')
    .transform((value) => value as Size)
    .refine((value) => !/^[1-5] MiB$/.test(value), "must be at least 6 MiB");

/** An amount of data within bounds, both included. */
export const bytes = (minimum: Amount, maximum: Amount) =>
  z
    .string()
    .regex(/^[1-9]\d{0,6} (KiB|MiB|GiB)$/, 'must be a whole number with its unit, as in "64 KiB" or "20 MiB"')
    .transform((value) => value as Amount)
    .refine(
      (value) => toBytes(value) >= toBytes(minimum) && toBytes(value) <= toBytes(maximum),
      `must be from ${minimum} to ${maximum}`,
    );

/** One certificate or more in PEM form, one after the other. */
export const pemCertificates = (most?: 1) =>
  z.string().refine(
    (value) => {
      const found = value.match(
        /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*/g,
      );
      return found?.join("") === value.trimStart() && found.length <= (most ?? found.length);
    },
    `must be ${most ? "one certificate" : "certificates"} in PEM form`,
  );

/** A structured value: a list. */
export const list = <V extends z.ZodType>(value: V) =>
  z
    .string()
    .transform((entries, context) => {
      const parsed = parseJson(entries);
      if (Array.isArray(parsed)) return parsed as unknown[];
      context.addIssue({ code: "custom", message: "must be a list" });
      return z.NEVER;
    })
    .pipe(z.array(value));

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
