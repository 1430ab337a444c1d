import { createRequire } from "node:module";

import { CommanderError, type Command } from "commander";

import { OperatorError } from "../ops/stack/errors";
import { stacksHere } from "../ops/stack/names";
import { below, names, program } from "./catalog";
import type * as OnSwarm from "./on-swarm";
import { bold, red } from "./style";

/** Runs a command line, and sets the process's exit code. */
export async function main(words: readonly string[]): Promise<void> {
  try {
    const [first, second] = words;
    const named = first === "help" ? second : first;
    const dating = program(named !== undefined && names.includes(named) ? named : "");
    for (const each of below(dating))
      each
        .exitOverride()
        .configureHelp({ styleTitle: bold })
        .showHelpAfterError(hintOf(each, dating))
        .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, red("error:"))) });
    // Not before: it reads the configuration's schema, and what is wrong in services.yaml is told below.
    dating.hook("preAction", (_, command) => {
      const { requireWorking } = createRequire(__filename)("./on-swarm") as typeof OnSwarm;
      requireWorking(command);
    });
    if (first === undefined) dating.outputHelp();
    else await dating.parseAsync(words, { from: "user" });
  } catch (error) {
    process.exitCode = fail(error);
  }
}

/** What helps who has typed something wrong: how it is called, and what the stacks are. */
function hintOf(command: Command, dating: Command): string {
  if (command === dating) return "./dating --help lists the commands.";
  const called = command.createHelp().commandUsage(command);
  const takesStack = command.registeredArguments.some((each) => each.name() === "stack");
  return [
    `Usage: ${called}`,
    ...(takesStack ? [`Stacks here: ${stacksHere().join(", ")}`] : []),
    "--help explains it.",
  ].join("\n");
}

/**
 * Tells an error in the one shape that all have.
 *
 * @returns the exit code that it means
 */
export function fail(error: unknown): number {
  // Told by commander already; asked-for help is one of them.
  if (error instanceof CommanderError) return error.exitCode;
  const { code, syscall, path, message, stack } = error as NodeJS.ErrnoException;
  const isOurs = error instanceof TypeError || error instanceof ReferenceError;
  const said =
    code === "ENOENT" && syscall?.startsWith("spawn")
      ? `there is no command ${path}: install it, or put it on the PATH`
      : isOurs || process.env.DATING_DEBUG
        ? (stack ?? message)
        : (message ?? String(error));
  console.error(`${red("error:")} ${said}`);
  return error instanceof OperatorError ? error.exitCode : 1;
}
