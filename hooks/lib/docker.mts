import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

import { turn } from "./turns.mts";

/** The parts of `docker inspect` that hooks read. */
export interface Inspected {
  Id: string;
  /** With a slash before it. */
  Name: string;
  RestartCount: number;
  State: {
    Status: string;
    /** Also of one that is paused, or waits to be started again. */
    Running: boolean;
    /** Of one that never was: the year 1. */
    StartedAt: string;
    Health?: {
      Status: string;
      Log: { Start: string; End: string; ExitCode: number; Output: string }[] | null;
    };
  };
  Config: {
    Labels: Record<string, string> | null;
    /** Seconds from the stop signal to the kill. */
    StopTimeout?: number;
    /** Durations in nanoseconds. */
    Healthcheck?: { Interval?: number; Timeout?: number; Retries?: number };
  };
  HostConfig: { PortBindings: Record<string, unknown> | null };
  NetworkSettings: {
    Networks: Record<string, { IPAddress: string; Aliases: string[] | null }>;
    /** Published ports of a running container. */
    Ports: Record<string, unknown[] | null> | null;
  };
}

/** Docker's own answer that it has no such container: the only one that says that it is gone. */
export class NoSuchContainer extends Error {
  constructor(container: string) {
    super(`Docker has no container ${container}`);
    this.name = "NoSuchContainer";
  }
}

/** Docker could not be asked until the deadline: nothing is known of what was asked. */
export class CouldNotAsk extends Error {
  constructor(what: string, last: string) {
    super(`Docker could not be asked (docker ${what}), so nothing is known of it: ${last}`);
    this.name = "CouldNotAsk";
  }
}

/** Docker's answer that it does not do what it was told to. */
export class Refused extends Error {
  constructor(what: string, answer: string) {
    super(`docker ${what}: ${answer}`);
    this.name = "Refused";
  }
}

/** Until when something is waited for. */
export class Deadline {
  readonly seconds: number;
  private readonly end: number;

  constructor(seconds: number) {
    this.seconds = seconds;
    this.end = performance.now() + seconds * 1000;
  }

  /** Milliseconds that are left; 0 when it has passed. */
  get left(): number {
    return Math.max(0, this.end - performance.now());
  }

  get passed(): boolean {
    return this.left === 0;
  }

  /** Sleeps so many milliseconds, and not beyond the deadline. */
  async sleep(milliseconds: number): Promise<void> {
    await sleep(Math.min(milliseconds, this.left));
  }
}

/** What one call of the Docker CLI gave. */
interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Milliseconds after which a call that has not ended is one without an answer, where it is not known to take longer. */
const usualPatience = 20_000;
/** Milliseconds between two attempts: the first are quick, as most failures are over at once. */
const pauses = [100, 250, 500, 1000, 2000];

const gone = /No such (container|object)/i;
/** How the CLI begins what the engine itself answered, and the runtime that it calls. */
const answered = /Error response from daemon|OCI runtime exec failed/;

/**
 * Asks Docker, again and again until it answers.
 *
 * @param args of the Docker CLI; what it does must bear being done twice
 * @param deadline until when; a single attempt is made in any case
 * @param patience milliseconds that one attempt may take
 * @throws NoSuchContainer where Docker says so
 * @throws Refused where Docker answers with another error
 * @throws CouldNotAsk where it could not be asked until the deadline
 */
export async function ask(args: string[], deadline: Deadline, patience = usualPatience): Promise<string> {
  const what = args.slice(0, 2).join(" ");
  for (let attempt = 0; ; attempt++) {
    const { code, stdout, stderr } = await once(args, patience);
    if (code === 0) return stdout;
    const said = stderr.trim();
    if (gone.test(said)) throw new NoSuchContainer(args.at(-1)!);
    if (answered.test(said)) throw new Refused(what, said);
    if (deadline.passed) throw new CouldNotAsk(what, said || `exit code ${code}`);
    await deadline.sleep(pauses[Math.min(attempt, pauses.length - 1)]!);
  }
}

async function once(args: string[], patience = usualPatience): Promise<Outcome> {
  const end = await turn(args);
  return new Promise<Outcome>((resolve) => {
    const child = spawn("docker", args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: process.env,
      timeout: patience,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.on("close", (code, signal) =>
      resolve({
        code: code ?? 128,
        stdout,
        stderr: signal ? `no answer within ${patience / 1000} seconds` : stderr,
      }),
    );
  }).finally(end);
}

/**
 * What Docker knows of a container.
 *
 * @throws NoSuchContainer, CouldNotAsk
 */
export async function inspect(container: string, deadline: Deadline): Promise<Inspected> {
  // A busy engine answers with errors of its own that are no answer to the question.
  for (let attempt = 0; ; attempt++) {
    try {
      const text = await ask(["inspect", "--type", "container", container], deadline);
      return (JSON.parse(text) as [Inspected])[0];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (deadline.passed) throw new CouldNotAsk("inspect", error.message);
      await deadline.sleep(pauses[Math.min(attempt, pauses.length - 1)]!);
    }
  }
}

/** The ids of a service's containers, the newest first, running or not. */
export async function containersOf(stack: string, service: string, deadline: Deadline): Promise<string[]> {
  const labels = [`label=dating.stack=${stack}`, `label=dating.service=${service}`];
  const filters = labels.flatMap((label) => ["--filter", label]);
  const listed = await ask(["ps", "--all", "--no-trunc", "--quiet", ...filters], deadline);
  return listed.split("\n").filter(Boolean);
}

/** A container's name, for people. */
export const nameOf = ({ Name }: Pick<Inspected, "Name">) => Name.replace(/^\//, "");

/** What Docker knows of a container; undefined where it says that there is none. @throws CouldNotAsk */
export async function find(container: string, deadline: Deadline): Promise<Inspected | undefined> {
  try {
    return await inspect(container, deadline);
  } catch (error) {
    if (error instanceof NoSuchContainer) return undefined;
    throw error;
  }
}

/** The running container of a service that was made last; undefined where none runs. */
export async function runningOf(
  stack: string,
  service: string,
  deadline: Deadline,
): Promise<Inspected | undefined> {
  for (const id of await containersOf(stack, service, deadline)) {
    // One may be removed between the two questions.
    const container = await find(id, deadline);
    if (container?.State.Running) return container;
  }
  return undefined;
}

/** The last lines that a container wrote, for people; why they are not to be had, where they are not. */
export async function lastLines(container: string, count: number): Promise<string> {
  const { code, stdout, stderr } = await once(["logs", "--tail", String(count), container]);
  return code === 0 ? `${stdout}${stderr}`.trimEnd() : `(not to be had: ${stderr.trim()})`;
}

/** The last lines that a task of a Swarm service wrote, on whichever node; why they are not to be had, where they are not. */
export async function lastLinesOfTask(task: string, count: number): Promise<string> {
  const { code, stdout, stderr } = await once(["service", "logs", "--raw", "--tail", String(count), task]);
  return code === 0 ? `${stdout}${stderr}`.trimEnd() : `(not to be had: ${stderr.trim()})`;
}

/** The time on the engine's clock. @throws CouldNotAsk */
export async function engineTime(deadline: Deadline): Promise<Date> {
  return new Date((await ask(["info", "--format", "{{.SystemTime}}"], deadline)).trim());
}
