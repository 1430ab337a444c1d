import { createInterface } from "node:readline";

import { Refused } from "./errors";

/** Where a question is asked. @default the process's own standard input and output */
export interface Asking {
  input?: NodeJS.ReadableStream;
  output?: NodeJS.WritableStream;
}

/**
 * Asks for the stack's name before something is taken away or replaced.
 *
 * @param yes the answer was given on the command line: `--yes`
 * @throws Refused when another answer is given, or none: at the end of the input, as without a terminal
 */
export async function confirm(stack: string, yes: boolean | undefined, asking: Asking = {}): Promise<void> {
  if (yes) return;
  const answer = await ask("Type the stack's name to go on: ", asking);
  if (answer === undefined)
    throw new Refused(
      `Nothing was changed: nobody answered, as without a terminal. To go on without asking: --yes`,
    );
  if (answer !== stack) throw new Refused("Nothing was changed.");
}

/** Asks for one line. An answer that is piped in is an answer. @returns undefined at the end of the input */
export function ask(question: string, asking: Asking = {}): Promise<string | undefined> {
  const { input = process.stdin, output = process.stdout } = asking;
  // What is typed is edited by the terminal that it is typed in; a pipe has none.
  const lines = createInterface({ input, output, terminal: "isTTY" in input && input.isTTY === true });
  const handle = input as { ref?: () => void; unref?: () => void };
  handle.ref?.();
  return new Promise((answered) => {
    lines.once("line", (line) => {
      answered(line.trim());
      lines.close();
    });
    lines.once("close", () => {
      answered(undefined);
      // Whoever piped the answer in may leave the pipe open; the command is not to wait for its end.
      handle.unref?.();
    });
    lines.setPrompt(question);
    lines.prompt();
  });
}
