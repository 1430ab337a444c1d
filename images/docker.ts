import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** The project's own cache folder: DATING_CACHE_DIR, or dating-mini-app below the user's cache folder. */
export function cacheDir(): string {
  const userCache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return process.env.DATING_CACHE_DIR || join(userCache, "dating-mini-app");
}

export interface RunOptions {
  /** Sent to the command's stdin. Default: nothing. */
  input?: AsyncIterable<unknown>;
  /** A file that gets stdout and stderr, appended. Default: none. */
  log?: string;
  /** Seconds after which the command is ended. Default: none. */
  timeout?: number;
}

/** A command that failed; the message ends with the last lines that it wrote. */
export class CommandError extends Error {}

/**
 * Runs a command without a shell and returns its stdout.
 *
 * @throws CommandError when it cannot be started, takes too long or exits with anything but 0.
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { input, log, timeout } = options;
  const child = spawn(command, args, {
    stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
    timeout: timeout === undefined ? undefined : timeout * 1000,
  });
  if (log) mkdirSync(dirname(log), { recursive: true });
  const file = log ? createWriteStream(log, { flags: "a" }) : undefined;
  let stdout = "";
  let tail = "";
  const take = (text: string): void => {
    file?.write(text);
    tail = (tail + text).slice(-4000);
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    take(text);
  });
  child.stderr?.setEncoding("utf8").on("data", take);
  const ended = new Promise<string>((done) => {
    child.on("error", (error) => done(`cannot be started: ${error.message}`));
    child.on("close", (code, signal) =>
      done(code === 0 ? "" : signal ? `ended by ${signal}` : `exit code ${code}`),
    );
  });
  // A command that fails closes its stdin early; its own message is the one that counts.
  let inputError: Error | undefined;
  if (input && child.stdin) {
    await pipeline(Readable.from(input), child.stdin).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") {
        inputError = error;
        child.kill();
      }
    });
  }
  const problem = await ended;
  await new Promise((done) => (file ? file.end(done) : done(undefined)));
  if (inputError) throw inputError;
  if (problem) throw new CommandError(`${command} ${args[0]}: ${problem}\n${lastLines(tail)}`);
  return stdout;
}

function lastLines(text: string): string {
  // A progress bar rewrites its line with carriage returns: only the last state says something.
  const plain = text.replace(/\u001b\[[0-9;]*m/g, "");
  const lines = plain.split("\n").map((line) => line.slice(line.lastIndexOf("\r") + 1));
  return lines
    .filter((line) => line.trim())
    .slice(-20)
    .map((line) => `  ${line}`)
    .join("\n");
}

/** The lines of a small file, without white space around them and without empty ones; none when there is no such file. */
export function lines(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
  } catch {
    return [];
  }
}

/** The first of them; undefined when there is none. */
export function firstLine(file: string): string | undefined {
  return lines(file)[0];
}
