import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";

import type { Project } from "../../engine/support/project";

/** The environment before a test points everything at its own host. */
const machine = { ...process.env };

/**
 * A Docker host that may be hurt: another engine of this machine, with processes, mounts, networks and firewall rules of
 * its own. Two engines in one network namespace remove one another's rules.
 */
export class DockerHost {
  private init!: ChildProcess;
  private starts = 0;
  private readonly server: Server;

  private constructor(
    private readonly folder: string,
    port: number,
  ) {
    this.server = createServer((client) => {
      const edge = connect(port, this.network("2"));
      client.on("error", () => edge.destroy()).on("close", () => edge.destroy());
      edge.on("error", () => client.destroy()).on("close", () => client.destroy());
      client.pipe(edge).pipe(client);
    });
    this.server.listen(port, "127.0.0.1");
  }

  /** @param port what the stack's edge publishes there, to be reached on this machine's loopback */
  static start(project: Project, port: number): DockerHost {
    const folder = join(project.directory, ".host");
    mkdirSync(folder);
    const host = new DockerHost(folder, port);
    host.boot();
    host.startEngine();
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
  startEngine(): void {
    const log = openSync(join(this.folder, "dockerd.log"), "a");
    // The second socket is where the socket proxy looks for it.
    const sockets = ["--host", this.address, "--host", "unix:///run/docker.sock"];
    const options = ["--data-root", join(this.folder, "data"), ...sockets];
    this.inside("dockerd", options, (command, args) => {
      spawn(command, args, { env: machine, stdio: ["ignore", log, log] });
    });
    const deadline = Date.now() + 120_000;
    while (spawnSync("docker", ["--host", this.address, "version"], { env: machine }).status !== 0) {
      if (Date.now() > deadline) throw new Error(`no engine: ${this.folder}/dockerd.log`);
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

  stop(): void {
    this.server.close();
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
    this.starts++;
    const script = "mount -t tmpfs tmpfs /run && ip link set lo up && exec docker-init -- sleep infinity";
    const namespaces = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
    this.init = spawn("unshare", [...namespaces, "sh", "-c", script], { stdio: "ignore", env: machine });
    const deadline = Date.now() + 10_000;
    while (!this.pid || !readFileSync(`/proc/${this.pid}/comm`, "utf8").startsWith("docker-init")) {
      if (Date.now() > deadline) throw new Error("the host does not start");
      pause(50);
    }
    const link = `dt${process.pid}-${this.starts}`;
    const ip = (...args: string[]) => execFileSync("ip", args);
    ip("link", "add", link, "type", "veth", "peer", "name", "uplink", "netns", this.pid);
    ip("address", "add", `${this.network("1")}/30`, "dev", link);
    ip("link", "set", link, "up");
    this.inside("ip", ["address", "add", `${this.network("2")}/30`, "dev", "uplink"], execFileSync);
    this.inside("ip", ["link", "set", "uplink", "up"], execFileSync);
  }

  /** After each start another one, as the kernel takes the former away some time later. */
  private network(last: string): string {
    return `10.213.${this.starts}.${last}`;
  }

  /** The number of the host's first process as this machine has it. */
  private get pid(): string {
    const parent = this.init.pid!;
    return readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
  }

  private inside(command: string, args: string[], run: (command: string, args: string[]) => unknown): void {
    run("nsenter", ["--target", this.pid, "--net", "--mount", "--pid", command, ...args]);
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
