import { createInterface } from "node:readline/promises";

import { BackupError } from "./manifest";

/** Ends a command: an error is printed for people, without a stack trace. */
export async function finish(command: Promise<unknown>): Promise<void> {
  try {
    await command;
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    console.error(
      code === "ENOENT" && syscall?.startsWith("spawn")
        ? `${message}. Prepare this shell first: eval "$(make -s env)"`
        : (message ?? String(error)),
    );
    process.exitCode = 1;
  }
}

/**
 * Asks for the stack's name.
 *
 * @throws BackupError when another answer is given
 */
export async function confirm(stack: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question("Type the stack's name to go on: ").finally(() => terminal.close());
  if (answer.trim() !== stack) throw new BackupError("Nothing was changed.");
}
