import { readFileSync } from "node:fs";

import {
  askSecrets,
  namedSecrets,
  ownForms,
  parseSecrets,
  requiredSecrets,
  secretNames,
  setSecret,
} from "../../ops/stack/secret-values";
import { StackFile } from "../../ops/stack/file";
import { OperatorError } from "../../ops/stack/errors";
import { act, define } from "../command";

function set(stack: string, names: string[]): void {
  if (process.stdin.isTTY) return askSecrets(stack, names.length > 0 ? names : requiredSecrets);
  const values = parseSecrets(readFileSync(0, "utf8"));
  if (values.size === 0)
    throw new OperatorError(
      `no line NAME=VALUE on standard input; the names are ${secretNames.join(", ")}, ${ownForms}`,
    );
  for (const [name, value] of values) setSecret(stack, name, value);
  console.log(`stack ${stack}: set ${[...values.keys()].join(", ")}`);
}

function list(stack: string): void {
  const file = new StackFile(stack);
  const state = (set: boolean, encrypted: boolean, required: boolean) => {
    if (encrypted) return "set";
    if (set) return "in plain text: set it again";
    return required ? "missing" : "not set";
  };
  for (const name of secretNames) {
    const set = file.value(name) !== undefined;
    console.log(`${name}: ${state(set, file.isSecret(name), requiredSecrets.includes(name))}`);
  }
  for (const key of namedSecrets) {
    const parts = file.parts(key);
    const missing = requiredSecrets.filter(
      (name) => name.startsWith(`${key}.`) && !parts.includes(name.slice(key.length + 1)),
    );
    for (const name of parts) console.log(`${key}.${name}: ${state(true, file.isSecret(key, name), false)}`);
    for (const name of missing) console.log(`${name}: missing`);
  }
}

export const command = define(
  "secrets",
  "Sets and lists the secrets of a stack. They are encrypted in Pulumi.STACK.yaml.",
);
const setter = define(
  "set",
  "Sets secrets. Asks for them in a terminal; else reads lines NAME=VALUE from standard input.",
  ["secrets set prod", "secrets set prod botToken", "secrets set prod <secrets.env"],
)
  .argument("<stack>")
  .argument("[name...]", "which to ask for (default: those that the stack cannot be deployed without)");
act(setter, set);
const lister = define("list", "Says which secrets are set, without showing their values.", [
  "secrets list prod",
]).argument("<stack>");
act(lister, list);
command.addCommand(setter).addCommand(lister);
