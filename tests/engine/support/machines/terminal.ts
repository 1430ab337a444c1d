import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";

/** What is typed when a text has come: the text, and the keys. */
export type Answer = [asked: RegExp, keys: string];

/** Keys that a person has. */
export const keys = { enter: "\r", interrupt: "\x03" };

/** What a command has shown, and how it ended. */
export interface Typed {
  code: number;
  text: string;
}

/** What bash shows when it waits for the next command: how the last one has ended. */
const prompt = /<<(\d+)>>/;

/** Milliseconds after which a command waits for something that nobody types. */
const patience = 600_000;

/** A bash in a terminal, in which commands are typed one after the other, as a person does. */
export class Terminal {
  private shown = "";
  private changed: () => void = () => {};

  private constructor(private readonly shell: ChildProcess) {
    const take = (data: string) => {
      // What moves the cursor and colours is of no interest.
      this.shown += data.replace(/\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])|\r/g, "");
      this.changed();
    };
    shell.stdout!.setEncoding("utf8").on("data", take);
    shell.stderr!.setEncoding("utf8").on("data", take);
    shell.once("exit", () => this.changed());
  }

  /**
   * @param entering the words that come before a command, as {@link DockerHost.entering} gives them
   * @param environment all that the shell knows
   */
  static async open(
    entering: (...command: string[]) => [string, ...string[]],
    directory: string,
    environment: Record<string, string>,
  ): Promise<Terminal> {
    const [command, ...args] = entering(
      ...["script", "--quiet", "--flush", "--return", "--command"],
      ...["bash --noprofile --norc --noediting", "/dev/null"],
    );
    const terminal = new Terminal(spawn(command, args, { env: environment, stdio: "pipe" }));
    await terminal.type(`stty -echo cols 240; set +H; PS1='<<$?>>' PS2=; cd '${directory}'`);
    return terminal;
  }

  /**
   * Types a command and waits for its end.
   *
   * @param answers what is typed meanwhile: each once, in their order
   * @throws where the shell ends with it, or the command does not end
   */
  async type(line: string, answers: readonly Answer[] = []): Promise<Typed> {
    this.shown = "";
    const overdue = pause(patience, undefined, { ref: false }).then(() => {
      throw new Error(`${line} does not end, and has shown:\n${this.shown.slice(-5000)}`);
    });
    overdue.catch(() => {});
    const left = [...answers];
    let read = 0;
    this.shell.stdin!.write(`${line}\n`);
    for (;;) {
      const rest = this.shown.slice(read);
      const [asked, typed] = left[0] ?? [];
      const question = asked?.exec(rest);
      if (question) {
        left.shift();
        read += question.index + question[0].length;
        this.shell.stdin!.write(typed!);
        continue;
      }
      const end = prompt.exec(rest);
      if (end) return { code: Number(end[1]), text: this.shown.slice(0, read + end.index) };
      if (this.shell.exitCode !== null || this.shell.signalCode !== null)
        throw new Error(`the shell has ended with ${line}:\n${this.shown}`);
      await Promise.race([new Promise<void>((changed) => (this.changed = changed)), overdue]);
    }
  }

  close(): void {
    this.shell.kill("SIGKILL");
  }
}
