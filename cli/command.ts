import { resolve } from "node:path";

import { Command, InvalidArgumentError, Option } from "commander";

import { isInCheckout, ownPlace, ownPlaceInWords } from "../ops/backups/archives/place";
import { quietVariable } from "../ops/quiet";

/** What the options that every command understands alike stand for. */
export interface CommonOptions {
  yes?: true;
  quiet?: true;
  dryRun?: true;
  json?: true;
}

const examples = new WeakMap<Command, readonly string[]>();

/**
 * A command with its examples, which its help and the documentation show.
 *
 * @param text sentences; the first is what a list of commands says
 * @param given command lines that can be typed as they are, without `./dating`
 */
export function define(name: string, text: string, given: readonly string[] = []): Command {
  // A terminal breaks lines where it ends.
  const description = text.replaceAll("\n", " ");
  const made = new Command(name).description(description).summary(firstSentence(description));
  examples.set(made, given);
  if (given.length > 0)
    made.addHelpText("after", `\nExamples:\n${given.map((line) => `  ./dating ${line}`).join("\n")}`);
  return made;
}

/** The examples of a command, as {@link define} got them. */
export function examplesOf(given: Command): readonly string[] {
  return examples.get(given) ?? [];
}

function firstSentence(text: string): string {
  const [sentence = text] = text.split(/(?<=\.)\s/);
  const plain = sentence.replace(/\.$/, "");
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}

/** `--yes`, as every command that asks has it. */
export const yes = () => new Option("--yes", "do not ask");
/** `--quiet`, as every command that changes something has it. */
export const quiet = () => new Option("--quiet", "print results and problems only");
/** `--dry-run`, as every command has it that can tell before what it would do. */
export const dryRun = () => new Option("--dry-run", "say what would be done, and change nothing");
/** `--json`, as every command has it whose result another program may want. */
export const json = () => new Option("--json", "print the result as JSON");

/**
 * A path as an option gives it: relative to where the person stands. A place with a scheme, as `s3://BUCKET`, stays as it is.
 */
export function fromCaller(path: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path)
    ? path
    : resolve(process.env.DATING_CWD ?? process.cwd(), path);
}

/**
 * An option that names where archives go: a folder, or an S3 store.
 *
 * @param inWords what is kept there
 */
export const archivesTo = (flags: string, inWords: string) =>
  new Option(flags, `${inWords}: a folder outside of the checkout, or s3://BUCKET/PREFIX`).argParser(
    (given: string) => {
      const place = fromCaller(given);
      if (isInCheckout(place))
        throw new InvalidArgumentError(
          "It is in the checkout, where `git clean` deletes backups: name another folder, or s3://BUCKET/PREFIX.",
        );
      return place;
    },
  );

/** The same, where nobody has to name a place. */
export const archivesToOwn = (flags: string, inWords: string) =>
  archivesTo(flags, inWords).default(ownPlace(), ownPlaceInWords);

/** What a command does. @returns its exit code, where that is not 0 */
type Action<A extends unknown[]> = (...args: A) => Promise<number | void> | number | void;

/** Makes a command do something. */
export function act<A extends unknown[]>(on: Command, action: Action<A>): Command {
  return on.action(async (...args: unknown[]) => {
    if (on.opts<CommonOptions>().quiet) process.env[quietVariable] = "1";
    // The last is the command itself.
    const code = await action(...(args.slice(0, -1) as A));
    if (code) process.exitCode = code;
  });
}

/** Prints a result as JSON. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}
