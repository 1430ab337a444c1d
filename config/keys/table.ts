import type { z } from "zod";

import { metaOf } from "./fields";

/** A Markdown table of every configuration key: what it is for, its default and an example. */
export function keyTable(type: z.ZodObject, namespace: string): string {
  const rows = Object.entries(type.shape).map(([name, field]) => {
    const meta = metaOf(field);
    return [`\`${namespace}:${name}\``, meta.description, defaultOf(field as z.ZodType), exampleOf(meta)];
  });
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["Key", "Meaning", "Default", "Example"]),
    line(["---", "---", "---", "---"]),
    ...rows.map(line),
  ].join("\n");
}

function defaultOf(field: z.ZodType): string {
  const result = field.safeParse(undefined);
  if (!result.success) return "**required**";
  const { data } = result as { data: unknown };
  return typeof data === "string" || typeof data === "number" || typeof data === "boolean"
    ? `\`${data}\``
    : "";
}

function exampleOf({ secret, example }: { secret?: true; example: string }): string {
  if (secret) return "a secret";
  const [first = ""] = example.split("\n");
  const shown = first.length > 60 ? first.slice(0, 57) : first;
  return `\`${shown}${shown === example ? "" : "…"}\``;
}
