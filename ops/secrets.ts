import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { program } from "commander";

import {
  isSecretName,
  ownPrefix,
  parseSecrets,
  requiredSecrets,
  secretNames,
  setArguments,
  setSecret,
} from "./secret-values";
import { StackFile } from "./stack-file";

/** Asks for each secret in a terminal; the CLI does it without showing what is typed. */
function ask(stack: string, names: string[]): void {
  for (const name of names.length > 0 ? names : requiredSecrets) {
    if (!isSecretName(name))
      throw new Error(`${name} is no secret: there are ${secretNames.join(", ")} and ${ownPrefix}NAME`);
    console.log(`dating:${name} of stack ${stack}:`);
    const { status } = spawnSync("pulumi", setArguments(stack, name), { stdio: "inherit" });
    if (status !== 0) throw new Error(`dating:${name} was not set`);
  }
}

function set(stack: string, names: string[]): void {
  if (process.stdin.isTTY) return ask(stack, names);
  const values = parseSecrets(readFileSync(0, "utf8"));
  if (values.size === 0)
    throw new Error(
      `no line NAME=VALUE on standard input; the names are ${secretNames.join(", ")} and ${ownPrefix}NAME`,
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
  for (const name of file.parts("botSecrets"))
    console.log(`${ownPrefix}${name}: ${state(true, file.isSecret("botSecrets", name), false)}`);
}

program
  .name("ops/secrets")
  .description("The secrets of a stack that people give it, encrypted in Pulumi.STACK.yaml.");
program
  .command("set")
  .description("sets them: asked for in a terminal, or read as lines NAME=VALUE from standard input")
  .argument("<stack>")
  .argument("[name...]", "which to ask for (default: those without which the stack is refused)")
  .action(set);
program.command("list").description("says which are set, and shows none").argument("<stack>").action(list);

try {
  program.parse();
} catch (error) {
  console.error(`ops/secrets: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
