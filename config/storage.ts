import type { z } from "zod";

import { metaOf, type KeyMeta } from "./keys/fields";
import { removeCommand, setCommand, type Problem, type RawConfig } from "./problems";

/** Whether a value of a stack's file is an encrypted one, as Pulumi writes it. */
export function isEncrypted(stored: unknown): boolean {
  return (
    stored !== null &&
    typeof stored === "object" &&
    Object.keys(stored).length === 1 &&
    typeof (stored as { secure?: unknown }).secure === "string"
  );
}

/** Whether any part of a value of a stack's file is encrypted. */
export function hasEncrypted(stored: unknown): boolean {
  if (stored === null || typeof stored !== "object") return false;
  return isEncrypted(stored) || Object.values(stored).some(hasEncrypted);
}

/**
 * What is stored otherwise than it has to be. A secret in plain text is there for all to read; an encrypted setting would be
 * shown in the preview, the state and Docker, as what is made of a setting is.
 */
export function storageProblems(type: z.ZodObject, raw: RawConfig): Problem[] {
  return Object.entries(type.shape)
    .filter(([name]) => name in raw.values)
    .flatMap(([name, field]) => {
      const meta = metaOf(field);
      return meta.secret ? inPlainText(raw, name, meta) : encrypted(raw, name, meta);
    });
}

function inPlainText(raw: RawConfig, name: string, meta: KeyMeta): Problem[] {
  const problem = (path: string[], what: string): Problem => ({
    key: `${raw.namespace}:${path.join(".")}`,
    problem: what,
    command: setCommand(raw, path, meta),
  });
  const open = "is stored in plain text and must be encrypted";
  if (!meta.named) return raw.secretKeys.has(name) ? [] : [problem([name], open)];
  const parts = partsOf(raw, name);
  // One part that is set in it would make all others go.
  if (isEncrypted(raw.stored?.[name]))
    return parts.map((part) =>
      problem([name, part], "is encrypted as a part of one value; each part has to be so by itself"),
    );
  return parts
    .filter((part) => !raw.secretKeys.has(name) || storedPart(raw, name, part) === "plain")
    .map((part) => problem([name, part], open));
}

function encrypted(raw: RawConfig, name: string, meta: KeyMeta): Problem[] {
  if (!raw.secretKeys.has(name)) return [];
  const found = partsOf(raw, name).filter((part) => storedPart(raw, name, part) === "encrypted");
  return (found.length > 0 ? found.map((part) => [name, part]) : [[name]]).map((path) => ({
    key: `${raw.namespace}:${path.join(".")}`,
    problem: meta.secretsIn
      ? `is stored encrypted, and would not stay secret here; ${meta.secretsIn} is for that`
      : "is stored encrypted, and no secret: what is made of it is shown",
    command: meta.secretsIn ? movingCommand(raw, meta.secretsIn, path) : setCommand(raw, path, meta),
  }));
}

function movingCommand(raw: RawConfig, target: string, [name, part = "NAME"]: string[]): string {
  const secret: KeyMeta = { description: "", example: "", secret: true };
  return `${removeCommand(raw, [name!, part])} && ${setCommand(raw, [target, part], secret)}`;
}

/** The names of a structured value's parts; none where it is another value. */
function partsOf({ values }: RawConfig, name: string): string[] {
  try {
    const value: unknown = JSON.parse(values[name]!);
    return value !== null && typeof value === "object" ? Object.keys(value) : [];
  } catch {
    return [];
  }
}

/** How the file has a part. Pulumi tells the program only whether any part is encrypted. */
function storedPart({ stored }: RawConfig, name: string, part: string): "plain" | "encrypted" | "unknown" {
  const whole = stored?.[name];
  if (whole === null || typeof whole !== "object" || !(part in whole)) return "unknown";
  return hasEncrypted((whole as Record<string, unknown>)[part]) ? "encrypted" : "plain";
}
