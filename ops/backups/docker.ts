import { spawn, type ChildProcess } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** The Docker CLI has failed. */
export class DockerFailed extends Error {
  /** @param said all that it wrote to standard error, where a container's output may be among it */
  constructor(
    message: string,
    readonly said: string,
  ) {
    super(message);
  }
}

/** How the Docker CLI's processes end with this one. */
interface Bond {
  /** They are in process groups of their own. */
  detached?: boolean;
  /** They are ended when this is aborted. */
  signal?: AbortSignal;
}

/** The Docker CLI against one Docker host, with streams: nothing of what is copied is ever held in memory. */
export class DockerCli {
  constructor(
    readonly environment: NodeJS.ProcessEnv,
    private readonly bond: Bond = {},
  ) {}

  /** The same, whose commands a Ctrl-C on the terminal does not reach: it goes to the whole process group of this one. */
  get undisturbed(): DockerCli {
    return new DockerCli(this.environment, { detached: true });
  }

  /** The same, whose commands end when something is aborted. */
  endedBy(signal: AbortSignal): DockerCli {
    return new DockerCli(this.environment, { signal });
  }

  /** What a command prints. */
  async text(args: string[], input: string | Readable = ""): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.read(args, input)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString().trim();
  }

  /**
   * What a command prints, as a stream that fails where the command does.
   *
   * @param messages gets what the command wrote to standard error, once it has succeeded
   */
  read(args: string[], input: string | Readable = "", messages: (text: string) => void = () => {}): Readable {
    return Readable.from(this.output(args, input, messages), { objectMode: false });
  }

  private async *output(args: string[], input: string | Readable, messages: (text: string) => void) {
    const child = spawn("docker", args, {
      ...this.bond,
      env: this.environment,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let complete = false;
    try {
      const ended = end(child, args);
      const fed = feed(child, input);
      // Both are awaited below; until then, a failure must not count as unhandled.
      ended.catch(() => {});
      fed.catch(() => child.kill());
      for await (const chunk of child.stdout) yield chunk as Buffer;
      await fed;
      messages(await ended);
      complete = true;
    } finally {
      if (!complete) child.kill();
    }
  }
}

/** A command that failed gives up its stdin early; its own message is the one that counts. */
async function feed(child: ChildProcess, input: string | Readable): Promise<void> {
  await pipeline(typeof input === "string" ? Readable.from([input]) : input, child.stdin!).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
    },
  );
}

function end(child: ChildProcess, args: string[]): Promise<string> {
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-1_000_000)));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(said);
      const last = said.trim().split("\n").slice(-5).join("\n  ");
      reject(new DockerFailed(`docker ${args[0]}: ${signal ?? `exit code ${code}`}\n  ${last}`, said));
    });
  });
}

/** Reads what a command prints to its end, without keeping it. @returns what it had said when it ended, where it failed */
export function whenEnded(output: Readable): Promise<string> {
  return new Promise((resolve) => {
    output.once("error", (error) => resolve(error instanceof DockerFailed ? error.said : error.message));
    output.once("close", () => resolve("")).resume();
  });
}

/** Removes a container and the volumes without a name that are its own, where it is still there. */
export async function removeContainer(docker: DockerCli, id: string): Promise<void> {
  await docker.text(["rm", "--force", "--volumes", id]).catch((error: unknown) => {
    // It ends by itself, too, and is gone then, or about to be.
    if (!/no such container|already in progress/i.test((error as Error).message)) throw error;
  });
}
