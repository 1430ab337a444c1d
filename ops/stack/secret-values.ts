import { execFileSync, spawnSync } from "node:child_process";

import type { z } from "zod";

import { keys } from "../../config/keys";
import { metaOf } from "../../config/keys/fields";
import { ownSecrets } from "../../config/own-services";
import { projectName } from "../../config/project";
import { OperatorError } from "./errors";
import type { StackFile } from "./file";

/** The configuration keys whose values are secrets, one each. */
export const secretNames: string[] = Object.entries(keys.shape)
  .filter(([, field]) => metaOf(field).secret && !metaOf(field).named)
  .map(([name]) => name);

/** The keys that hold any number of secrets, each by a name of its own: `botSecrets.SENTRY_DSN`. */
export const namedSecrets = ["botSecrets", "serviceSecrets"] as const;

/** What one of them is called, for who has written another name. */
export const ownForms = namedSecrets.map((key) => `${key}.NAME`).join(" and ");

/** The key that holds a secret with a name of its own; undefined where it has a key to itself. */
const holderOf = (name: string) => namedSecrets.find((key) => name.startsWith(`${key}.`));

/** Whether a name is that of a secret that a stack may have. */
export function isSecretName(name: string): boolean {
  return secretNames.includes(name) || holderOf(name) !== undefined;
}

/** Those without which a stack is refused. */
export const requiredSecrets: string[] = [
  ...secretNames.filter((name) => !keys.shape[name as keyof typeof keys.shape].safeParse(undefined).success),
  ...ownSecrets.map((name) => `serviceSecrets.${name}`),
];

/** Whether a stack's file has a value of a secret. */
export function isSet(file: StackFile, name: string): boolean {
  const holder = holderOf(name);
  return holder ? file.parts(holder).includes(name.slice(holder.length + 1)) : file.value(name) !== undefined;
}

/**
 * Reads lines `NAME=VALUE`, as a file of environment variables has them; `BOT_TOKEN` is `botToken`. One of the bot's own is
 * `botSecrets.NAME`, one of a service of `services.yaml` `serviceSecrets.NAME`.
 *
 * @throws Error that lists every line that is wrong, by its number and never with its value
 */
export function parseSecrets(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const problems: string[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#|$)/.test(line)) return;
    const [, written = "", quoted = ""] = /^(?:export\s+)?([A-Za-z_][\w.]*)=(.*)$/.exec(line) ?? [];
    const name = holderOf(written)
      ? written
      : secretNames.find((known) => known === written || upperSnake(known) === written);
    const value = quoted.replace(/^(["'])(.*)\1$/, "$2");
    if (written === "") problems.push(`line ${index + 1} is not NAME=VALUE`);
    else if (!name)
      problems.push(
        `${written} is not a secret of a stack: there are ${secretNames.join(", ")}, ${ownForms}`,
      );
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
  execFileSync("pulumi", setArguments(stack, name), { input: value, stdio: ["pipe", "inherit", "inherit"] });
}

/** Asks for each secret in a terminal; the CLI does it without showing what is typed. @throws where one is not given */
export function askSecrets(stack: string, names: string[]): void {
  for (const name of names) {
    if (!isSecretName(name))
      throw new OperatorError(`${name} is no secret: there are ${secretNames.join(", ")}, ${ownForms}`);
    console.log(`${projectName}:${name} of stack ${stack}:`);
    const { status } = spawnSync("pulumi", setArguments(stack, name), { stdio: "inherit" });
    if (status !== 0) throw new OperatorError(`${projectName}:${name} was not set`);
  }
}

/** How the CLI is told to set a secret, whose value it reads or asks for. */
export function setArguments(stack: string, name: string): string[] {
  const path = holderOf(name) ? ["--path"] : [];
  return ["config", "set", "--stack", stack, "--secret", ...path, `${projectName}:${name}`];
}

/**
 * The secrets with names of their own, as in `botSecrets.NAME`, that another stack's file has and this one has not: none is taken
 * along, and a service that was tested with one may not start without.
 */
export function missingSecrets(from: StackFile, to: StackFile): string[] {
  return namedSecrets.flatMap((key) => {
    const own = to.parts(key);
    return from
      .parts(key)
      .filter((name) => !own.includes(name))
      .map((name) => `${key}.${name}`);
  });
}

function problemOf(name: string, value: string): string | undefined {
  const holder = holderOf(name);
  const field = keys.shape[holder ?? (name as keyof typeof keys.shape)] as z.ZodType;
  const written = holder ? JSON.stringify({ [name.slice(holder.length + 1)]: value }) : value;
  const issue = field.safeParse(written).error?.issues[0];
  return issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message;
}

const upperSnake = (name: string) => name.replace(/[A-Z]/g, "_$&").toUpperCase();
