import { imagesFor } from "../../../../config/keys";
import { officialImage } from "../../../../images/official";
import { botToken } from "../application";
import { Machine } from "./machine";
import { keys, type Answer, type Terminal } from "./terminal";

/** How a command ends that a person ends by Ctrl-C. */
const interrupted = 130;

/** What a person types when a command asks for a stack's name. */
export const named = (stack: string): Answer => [/Type the stack's name to go on: /, `${stack}${keys.enter}`];
/** And when it asks for a value, which it does not show. */
export const given = (value: string): Answer => [/value: /, `${value}${keys.enter}`];

/** What a person types while a command runs, by how its line begins. */
export type Answers = readonly [line: string, answers: readonly Answer[]][];

const firstAnswers: Answers = [
  [
    "./dating init prod",
    [[/Host name, .*: $/m, keys.enter], [/Docker host, .*: $/m, keys.enter], named("prod")],
  ],
  ["./dating secrets set prod", [given(botToken)]],
];

/** Where a registry has an image, without its digest: Docker Hub's own are in `library/`. */
function pathOf(image: string): string {
  const path = image.replace(/@.*/, "").replace(/^[^/]*\.[^/]*\//, "");
  return path.includes("/") ? path : `library/${path}`;
}

/** A person at a terminal on a machine with all that the README's first server needs, and nothing of it yet. */
export class Person {
  private constructor(
    readonly machine: Machine,
    private readonly terminal: Terminal,
    private readonly answers: Answers,
  ) {}

  /** @param monitoring whether the machine has its images, too. Default: it has not */
  static async start(answers: Answers, { monitoring = false } = {}): Promise<Person> {
    const machine = Machine.start(imagesFor(monitoring), ["example-state", "example-backups", "team-state"]);
    try {
      for (const name of ["bot", "webapp"]) machine.publish(name, `dating/${name}:1.0.0`);
      for (const name of imagesFor(monitoring)) {
        const official = officialImage(name);
        if (official) machine.publish(name, pathOf(official));
      }
      machine.write("home/dating-passphrase", "of this test\n");
      return new Person(machine, await machine.terminal(), [...firstAnswers, ...answers]);
    } catch (error) {
      machine.stop();
      throw error;
    }
  }

  /**
   * Types a line, and what it asks for.
   *
   * @returns what it has shown
   * @throws where it fails
   */
  async type(line: string): Promise<string> {
    const [, typed = []] = this.answers.find(([begin]) => line.startsWith(begin)) ?? [];
    const { code, text } = await this.terminal.type(line, typed);
    const ended = typed.some(([, pressed]) => pressed === keys.interrupt) ? [0, interrupted] : [0];
    if (!ended.includes(code)) throw new Error(`${line} ends with ${code}:\n${text.slice(-5000)}`);
    return text;
  }

  /** The same person at another terminal, where nothing was typed yet. */
  async another(): Promise<Person> {
    return new Person(this.machine, await this.machine.terminal(), this.answers);
  }

  /** Makes and deploys staging as the README makes prod, from a commit of both. */
  async deployStaging(): Promise<void> {
    for (const line of [
      "./dating init staging --yes",
      `echo BOT_TOKEN=${botToken} | ./dating secrets set staging`,
      "pulumi config set --stack staging --path dating:images.bot registry.example.com/dating/bot:1.0.0",
      "pulumi config set --stack staging --path dating:images.webapp registry.example.com/dating/webapp:1.0.0",
      "pulumi config set --stack staging dating:nsfwThreshold 0.8",
      "./dating images push registry.example.com/dating staging backup migrations",
      "./dating images lock staging",
      "git add Pulumi.prod.yaml Pulumi.staging.yaml && git commit --quiet --message 'Two stacks'",
      "./dating up staging",
    ])
      await this.type(line);
  }

  close(): void {
    this.terminal.close();
  }

  stop(): void {
    this.close();
    this.machine.stop();
  }
}
