import { execFile, execFileSync, spawnSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

import { LocalWorkspace, type ConfigMap, type Stack } from "@pulumi/pulumi/automation";

import { ownPlace } from "../../../ops/backups/archives/place";
import { removeAll } from "./docker";
import { eventLog, readEvents } from "./events";

/** What happened, or would happen, to a resource: `"update docker:index/container:Container bot"`. */
export type Step = string;

interface Operation {
  steps: Step[];
  text: string;
}

/** A copy of the checkout with a stack of its own: names, state, ports and volumes are nobody else's. */
export class Project {
  private constructor(
    readonly directory: string,
    readonly stackName: string,
    readonly stack: Stack,
    readonly environment: Record<string, string>,
  ) {}

  /** The first part of every name of the stack on the Docker host. */
  get prefix(): string {
    return `dating-${this.stackName}`;
  }

  get stateFile(): string {
    return join(this.directory, ".state/.pulumi/stacks/dating", `${this.stackName}.json`);
  }

  /**
   * @param program a file of programs/ that takes the place of index.ts, for tests of a part of the project
   */
  static async create(program?: string): Promise<Project> {
    const directory = mkdtempSync(join(tmpdir(), "dating-test-"));
    // The process id tells a later run whether what it finds was left behind.
    const stackName = `test-${process.pid}-${randomBytes(3).toString("hex")}`;
    process.once("exit", () => discard(directory, stackName));
    copyCheckout(directory);
    if (program)
      writeFileSync(join(directory, "index.ts"), `export * from "./tests/engine/programs/${program}";\n`);
    mkdirSync(join(directory, ".state"));
    recordDockerCalls(directory);
    const environment = {
      PATH: `${join(directory, ".bin")}:${process.env.PATH}`,
      PULUMI_BACKEND_URL: `file://${join(directory, ".state")}`,
      PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString("hex"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      XDG_STATE_HOME: stateHome(directory),
    };
    const stack = await LocalWorkspace.createStack(
      { stackName, workDir: directory },
      { envVars: environment },
    );
    return new Project(directory, stackName, stack, environment);
  }

  /** Where its commands put archives where no place is named. */
  get backups(): string {
    return ownPlace(this.environment);
  }

  configure(values: Record<string, string>, secrets: Record<string, string> = {}): Promise<void> {
    const config: ConfigMap = {};
    for (const [name, value] of Object.entries(values)) config[`dating:${name}`] = { value };
    for (const [name, value] of Object.entries(secrets)) config[`dating:${name}`] = { value, secret: true };
    return this.stack.setAllConfig(config);
  }

  /** Sets a part of a structured key, as in `memory.bot`. */
  configurePath(path: string, value: string): Promise<void> {
    return this.stack.setConfig(`dating:${path}`, { value }, true);
  }

  /** Deploys; the steps are what the engine did. */
  up(options: { refresh?: boolean } = {}): Promise<Operation> {
    return this.operate("up", "--yes", "--skip-preview", ...(options.refresh ? ["--refresh"] : []));
  }

  /** Asks what a deploy would do; the steps are what the engine says. */
  preview(options: { refresh?: boolean } = {}): Promise<Operation> {
    return this.operate("preview", ...(options.refresh ? ["--refresh"] : []));
  }

  /** Not by the automation API, which asks for the outputs, twice, and for the history after each deploy. */
  private async operate(...args: string[]): Promise<Operation> {
    const log = eventLog(this.directory);
    const output = await promisify(execFile)(
      "pulumi",
      [...args, "--stack", this.stackName, "--color", "never", "--non-interactive", ...log.args],
      {
        cwd: this.directory,
        env: { ...process.env, ...this.stack.workspace.envVars, ...log.environment },
        maxBuffer: 256 * 1024 * 1024,
      },
    ).catch(({ message, stdout }: Error & { stdout: string }) => {
      // The message ends with what is on standard error.
      throw new Error(`${stdout}\n${message}`);
    });
    return { steps: stepsOf(log.path), text: output.stdout + output.stderr };
  }

  /** Runs a command in the copy, with the stack's environment, and returns its standard output. */
  run(command: string, args: string[], input?: string): string {
    const { status, stdout, stderr } = this.attempt(command, args, input);
    if (status !== 0)
      throw new Error(`${command} ${args.join(" ")}: exit status ${status}\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** Like run, for a command that may fail. */
  attempt(command: string, args: string[], input?: string) {
    return spawnSync(command, args, {
      cwd: this.directory,
      env: { ...process.env, ...this.environment },
      encoding: "utf8",
      input,
      maxBuffer: 256 * 1024 * 1024,
    });
  }

  /** The command lines of every call of the Docker CLI that a deploy or a command of the project made. */
  dockerCalls(): string[] {
    return readFileSync(join(this.directory, callLog), "utf8").split("\n").filter(Boolean);
  }

  /** Changes a file of the copy. @throws where it does not have the text */
  edit(name: string, from: string, to: string): void {
    const file = join(this.directory, name);
    const before = readFileSync(file, "utf8");
    if (!before.includes(from)) throw new Error(`${name} has no ${from}`);
    writeFileSync(file, before.replace(from, to));
  }

  /**
   * From now on, so many of the calls of the Docker CLI fail as they do where no engine answers.
   *
   * @param which counts the calls from 1 on, as a condition of sh on $n; undefined: none
   */
  loseCalls(which: string | undefined): void {
    writeFileSync(join(this.directory, callLog), "");
    writeFileSync(join(this.directory, lossRule), which ? `[ ${which} ]\n` : "false\n");
  }

  /** Removes everything of the stack: containers, networks, volumes, state and the copy. */
  discard(): void {
    discard(this.directory, this.stackName);
  }
}

function stepsOf(log: string): Step[] {
  const found = readEvents(log).flatMap(({ resourcePreEvent }) => {
    const metadata = resourcePreEvent?.metadata;
    if (!metadata || metadata.type === "pulumi:pulumi:Stack") return [];
    return [`${metadata.op} ${metadata.type} ${metadata.urn.split("::").at(-1)}`];
  });
  return [...new Set(found)].sort();
}

const callLog = ".bin/calls.log";

const lossRule = ".bin/lost";

/** Puts a `docker` in front of the real one that writes down its arguments, and loses the calls that a test says. */
function recordDockerCalls(directory: string): void {
  const real = execFileSync("sh", ["-c", "command -v docker"], { encoding: "utf8" }).trim();
  mkdirSync(join(directory, ".bin"));
  writeFileSync(join(directory, callLog), "");
  writeFileSync(join(directory, lossRule), "false\n");
  // Counting takes longer than asking Docker, so it is done where calls are to be lost only.
  const script = `#!/bin/sh
echo "$*" >>${join(directory, callLog)}
read -r rule <${join(directory, lossRule)}
if [ "$rule" != false ]; then
  n=$(grep -c . ${join(directory, callLog)})
  if eval "$rule"; then
    echo "error during connect: read: connection reset by peer" >&2
    exit 1
  fi
fi
exec ${real} "$@"
`;
  writeFileSync(join(directory, ".bin/docker"), script, { mode: 0o755 });
}

/**
 * A port that nothing listens on, below those that preview environments have (from 20000) and those that the kernel and
 * the Docker Engine give out (from 32768): one of these may be taken before it is used.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(10_000, 20_000);
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "0.0.0.0", () => resolve(true));
  });
  if (!free) return freePort();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Copies what is in the checkout, without what its tests alone need, or all of it. */
export function copyCheckout(target: string, { whole = false } = {}): void {
  const root = resolve(__dirname, "../../..");
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
  });
  const skipped = /^(\.github|bench|offline\/toolchain\/(?!services\/)|tests\/(?!engine\/programs\/))/;
  for (const file of listed.split("\0").filter((name) => name !== "" && (whole || !skipped.test(name)))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(root, file), join(target, file));
  }
  symlinkSync(join(root, "node_modules"), join(target, "node_modules"));
}

/** Beside the copy: nothing that is to survive is kept in a checkout. */
const stateHome = (directory: string) => `${directory}-state`;

function discard(directory: string, stackName: string): void {
  removeAll(`dating-${stackName}`);
  rmSync(stateHome(directory), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}
