import { execFileSync } from "node:child_process";

import type { z } from "zod";

import { keys } from "../config/keys";
import { metaOf } from "../config/fields";

/** The configuration keys whose values are secrets. */
export const secretNames: string[] = Object.entries(keys.shape)
  .filter(([, field]) => metaOf(field).secret)
  .map(([name]) => name);

/** Those without which a stack is refused. */
export const requiredSecrets: string[] = secretNames.filter(
  (name) => !keys.shape[name as keyof typeof keys.shape].safeParse(undefined).success,
);

/**
 * Reads lines `NAME=VALUE`, as a file of environment variables has them; `BOT_TOKEN` is `botToken`.
 *
 * @throws Error that lists every line that is wrong, by its number and never with its value
 */
export function parseSecrets(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const problems: string[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#|$)/.test(line)) return;
    const [, written = "", quoted = ""] = /^(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    const name = secretNames.find((known) => known === written || upperSnake(known) === written);
    const value = quoted.replace(/^(["'])(.*)\1$/, "$2");
    if (written === "") problems.push(`line ${index + 1} is not NAME=VALUE`);
    else if (!name)
      problems.push(`${written} is not a secret of a stack: there are ${secretNames.join(", ")}`);
    else {
      const wrong = problemOf(name, value);
      if (wrong) problems.push(`${name} ${wrong}`);
      else found.set(name, value);
    }
  });
  if (problems.length > 0)
    throw new Error(["nothing was set:", ...problems.map((line) => `  ${line}`)].join("\n"));
  return found;
}

/** Encrypts a value into a stack's file. It goes over standard input: a command line is there for all to read. */
export function setSecret(stack: string, name: string, value: string): void {
  execFileSync("pulumi", ["config", "set", "--stack", stack, "--secret", `dating:${name}`], {
    input: value,
    stdio: ["pipe", "inherit", "inherit"],
  });
}

function problemOf(name: string, value: string): string | undefined {
  const field = keys.shape[name as keyof typeof keys.shape] as z.ZodType;
  return field.safeParse(value).error?.issues[0]?.message;
}

const upperSnake = (name: string) => name.replace(/[A-Z]/g, "_$&").toUpperCase();
