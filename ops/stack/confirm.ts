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

/**
 * Asks for one line. An answer that is piped in is an answer; each question takes the next line.
 *
 * @returns undefined at the end of the input
 */
export async function ask(question: string, asking: Asking = {}): Promise<string | undefined> {
  const { input = process.stdin, output = process.stdout } = asking;
  if ("isTTY" in input && input.isTTY === true) return askInTerminal(question, input, output);
  output.write(question);
  const lines = pipes.get(input) ?? new PipedLines(input);
  pipes.set(input, lines);
  return lines.next();
}

/** What is typed is edited by the terminal, which is free again for the programs that ask next. */
function askInTerminal(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string | undefined> {
  const lines = createInterface({ input, output, terminal: true });
  return new Promise((answered) => {
    lines.once("line", (line) => {
      answered(line.trim());
      lines.close();
    });
    lines.once("close", () => answered(undefined));
    lines.setPrompt(question);
    lines.prompt();
  });
}

/** A pipe brings several lines at once, so what comes with one answer is kept for the next question. */
class PipedLines {
  private readonly unread: string[] = [];
  private ended = false;
  private take: ((line: string | undefined) => void) | undefined;

  constructor(private readonly input: { ref?: () => void; unref?: () => void } & NodeJS.ReadableStream) {
    createInterface({ input, terminal: false })
      .on("line", (line) => {
        this.unread.push(line.trim());
        this.answer();
      })
      .on("close", () => {
        this.ended = true;
        this.answer();
      });
  }

  next(): Promise<string | undefined> {
    this.input.ref?.();
    return new Promise((take) => {
      this.take = take;
      this.answer();
    });
  }

  private answer(): void {
    if (!this.take || (this.unread.length === 0 && !this.ended)) return;
    this.take(this.unread.shift());
    this.take = undefined;
    // Whoever piped the answers in may leave the pipe open; the command is not to wait for its end.
    this.input.unref?.();
  }
}

const pipes = new WeakMap<NodeJS.ReadableStream, PipedLines>();
