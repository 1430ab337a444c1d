import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { forwarder } from "./forwarder";

/** The environment before a test points everything at its own host. */
const machine = { ...process.env };

/** Which Docker Engine a host runs, and how. */
export interface Engine {
  /** Folders with its programs. @default the machine's own engine */
  programs?: string[];
  /** Further options of dockerd. */
  options?: string[];
  environment?: Record<string, string>;
  /** A shell script that the host runs before its engine starts. */
  prepare?: string;
}

/**
 * A Docker host that may be hurt: another engine of this machine, with processes, mounts, networks and firewall rules of
 * its own. Two engines in one network namespace remove one another's rules.
 */
export class DockerHost {
  private init!: ChildProcess;
  private readonly outside: ChildProcess;

  private stopped = false;

  private constructor(
    private readonly folder: string,
    private readonly ports: number[],
    private engine: Engine,
  ) {
    const pairs = ports.map((port) => `${port}=${this.socketOf(port)}`);
    this.outside = spawn(process.execPath, ["-e", forwarder, ...pairs], { stdio: "ignore", env: machine });
    process.once("exit", () => this.outside.kill());
  }

  /**
   * @param place the folder in which it gets one of its own for all that it has
   * @param ports what the stack publishes there, to be reached on this machine's loopback
   */
  static start(place: string, ports: number[], engine: Engine = {}): DockerHost {
    const folder = join(place, ".host");
    mkdirSync(folder);
    const host = new DockerHost(folder, ports, engine);
    try {
      host.boot();
      host.startEngine();
    } catch (error) {
      host.stop();
      throw error;
    }
    return host;
  }

  /** What DOCKER_HOST has to be. */
  get address(): string {
    return `unix://${this.folder}/docker.sock`;
  }

  /** Runs a Docker command on the host. */
  docker(args: string[], input?: string): string {
    return execFileSync("docker", ["--host", this.address, ...args], {
      encoding: "utf8",
      input,
      env: machine,
    });
  }

  /** Brings images of this machine's engine there. */
  load(images: string[]): void {
    const script = 'set -o pipefail; docker save "$@" | docker --host "$0" load --quiet';
    execFileSync("bash", ["-c", script, this.address, ...images], {
      env: machine,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }

  /** Starts the engine and waits until it answers; containers start by their restart policies meanwhile. */
  startEngine(engine: Engine = this.engine): void {
    this.engine = engine;
    const log = openSync(join(this.folder, "dockerd.log"), "a");
    // The second socket is where the socket proxy looks for it.
    const sockets = ["--host", this.address, "--host", "unix:///run/docker.sock"];
    const given = engine.options ?? [];
    const path = [...(engine.programs ?? []), machine.PATH].join(":");
    const env = { ...machine, ...engine.environment, PATH: path };
    // The program by its whole name: it is looked for in the path of whoever starts it.
    const dockerd = execFileSync("sh", ["-c", "command -v dockerd"], { env, encoding: "utf8" }).trim();
    // It looks for its init in its own folders only, where one that was built here is not.
    const init = join(dirname(dockerd), "docker-init");
    const folders = [
      "--data-root",
      join(this.folder, "data"),
      ...(existsSync(init) ? ["--init-path", init] : []),
    ];
    if (engine.prepare) this.inside("sh", ["-c", engine.prepare], execFileSync);
    this.inside(dockerd, [...folders, ...sockets, ...given], (command, args) => {
      spawn(command, args, { env, stdio: ["ignore", log, log] });
    });
    const deadline = Date.now() + 120_000;
    while (spawnSync("docker", ["--host", this.address, "version"], { env: machine }).status !== 0) {
      if (Date.now() > deadline) throw new Error(`no engine: ${this.folder}/dockerd.log`);
      pause(200);
    }
  }

  /** Stops the engine as its service manager does, and its containers with it. */
  stopEngine(): void {
    this.inside("sh", ["-c", "kill $(cat /run/docker.pid)"], execFileSync);
    const deadline = Date.now() + 60_000;
    const runs = ["sh", "-c", "test -e /run/docker.pid"];
    const inside = ["--target", this.pid, "--mount", "--pid"];
    while (spawnSync("nsenter", [...inside, ...runs]).status === 0) {
      if (Date.now() > deadline) throw new Error(`the engine does not stop: ${this.folder}/dockerd.log`);
      pause(200);
    }
  }

  /** Kills the engine and its containerd; the containers go on without them. */
  killEngine(): void {
    // In this order: the kernel ends a containerd whose dockerd is gone.
    const script = "kill -KILL $(cat /run/docker/containerd/containerd.pid) $(cat /run/docker.pid)";
    this.inside("sh", ["-c", script], execFileSync);
  }

  /** Kills every process of the host at once, and starts it again with an engine. */
  cutPower(): void {
    this.killAll();
    this.boot();
    this.startEngine();
  }

  /** Ends it for good. A second call finds nothing to do. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.outside.kill();
    this.killAll();
  }

  /** The first process of a process namespace takes all others with it. */
  private killAll(): void {
    const pid = this.pid;
    process.kill(Number(pid), "SIGKILL");
    const deadline = Date.now() + 30_000;
    while (spawnSync("test", ["-d", `/proc/${pid}/ns`]).status === 0 && Date.now() < deadline) pause(100);
  }

  private boot(): void {
    const script = "mount -t tmpfs tmpfs /run && ip link set lo up && exec docker-init -- sleep infinity";
    const namespaces = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
    this.init = spawn("unshare", [...namespaces, "sh", "-c", script], { stdio: "ignore", env: machine });
    const deadline = Date.now() + 10_000;
    while (!this.pid || !readFileSync(`/proc/${this.pid}/comm`, "utf8").startsWith("docker-init")) {
      if (Date.now() > deadline) throw new Error("the host does not start");
      pause(50);
    }
    this.ports.forEach((port) => rmSync(this.socketOf(port), { force: true }));
    const pairs = this.ports.map((port) => `${this.socketOf(port)}=${port}`);
    this.inside(process.execPath, ["-e", forwarder, ...pairs], (command, args) =>
      spawn(command, args, { stdio: "ignore", env: machine }),
    );
    while (!this.ports.every((port) => existsSync(this.socketOf(port)))) {
      if (Date.now() > deadline) throw new Error("the host's ports are not reached");
      pause(50);
    }
  }

  private socketOf(port: number): string {
    return join(this.folder, `${port}.sock`);
  }

  /** The number of the host's first process as this machine has it. */
  private get pid(): string {
    const parent = this.init.pid!;
    return readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
  }

  /** The words that run a command on the host, as another process of it. */
  entering(...command: string[]): [string, ...string[]] {
    return ["nsenter", "--target", this.pid, "--net", "--mount", "--pid", ...command];
  }

  private inside(command: string, args: string[], run: (command: string, args: string[]) => unknown): void {
    const [nsenter, ...words] = this.entering(command, ...args);
    run(nsenter, words);
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
