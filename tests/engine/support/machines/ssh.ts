import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { testImage } from "../stores/image";
import { freePort, type Project } from "../project";

/** The Docker CLI and the provider start the client; without it, the tests that need it are skipped, and say so. */
export const describeWithSsh = spawnSync("ssh", ["-V"]).status === 0 ? describe : describe.skip;

/** The Docker Engine of this machine, reached through an sshd on loopback as it would be on another machine. */
export class SshHost {
  readonly address = "ssh://dating-host";

  private constructor(private readonly container: string) {}

  /**
   * Makes the project's commands find the host as `dating-host`, by an ssh configuration of its own, and no other Docker
   * Engine: what does not go over SSH fails.
   */
  static async start(project: Project): Promise<SshHost> {
    const folder = join(project.directory, ".ssh");
    mkdirSync(folder, { mode: 0o700 });
    const key = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    // On the host's own network, as the host's sshd is: on its loopback is what a tunnel leads to.
    const port = String(await freePort());
    const container = docker(
      [
        "run",
        "--detach",
        "--label",
        `dating.stack=${project.prefix}`,
        "--network",
        "host",
        "--env",
        `PORT=${port}`,
      ],
      ["--volume", "/var/run/docker.sock:/var/run/docker.sock"],
      ["--env", `AUTHORIZED_KEY=${readFileSync(`${key}.pub`, "utf8").trim()}`, testImage("sshd")],
    );
    const known = join(folder, "known_hosts");
    writeFileSync(known, `[127.0.0.1]:${port} ${hostKey(container)}\n`);
    writeFileSync(join(folder, "config"), clientConfiguration(port, key, known, folder));
    useConfiguration(project, join(folder, "config"));
    includeInProviders(project, join(folder, "config"));

    const nowhere = `unix://${folder}/no-engine.sock`;
    project.environment.DOCKER_HOST = nowhere;
    project.stack.workspace.envVars.DOCKER_HOST = nowhere;
    return new SshHost(container);
  }

  /**
   * What a pipeline is given to reach it. The copy's ssh then knows neither the key nor the host by itself: both come from there, and how
   * connections are shared, too.
   *
   * @param home of whoever runs the pipeline
   */
  forPipeline(project: Project, home: string): { key: string; knownHosts: string } {
    const folder = join(project.directory, ".ssh");
    const configuration = readFileSync(join(folder, "config"), "utf8")
      .replace(/^ {2}(IdentityFile|IdentitiesOnly|Control\w+) .*\n/gm, "")
      .replace(/UserKnownHostsFile .*/, `UserKnownHostsFile ${home}/.ssh/known_hosts`);
    writeFileSync(join(folder, "config"), `${configuration}Match all\nInclude ${home}/.ssh/config\n`);
    return {
      key: readFileSync(join(folder, "key"), "utf8"),
      knownHosts: readFileSync(join(folder, "known_hosts"), "utf8").trim(),
    };
  }

  /** How many connections it has let in. */
  logins(): number {
    return this.log().filter((line) => line.includes("Accepted publickey for deploy")).length;
  }

  /** How many sessions were open at once on the connection that had the most. */
  mostSessions(): number {
    const open = new Map<string, number>();
    let most = 0;
    for (const line of this.log()) {
      const [, event, connection] = /^(Starting|Close) session: .* from (\S+ port \d+) id /.exec(line) ?? [];
      if (connection === undefined) continue;
      const now = (open.get(connection) ?? 0) + (event === "Starting" ? 1 : -1);
      open.set(connection, now);
      most = Math.max(most, now);
    }
    return most;
  }

  /** How many sessions it has given. */
  sessions(): number {
    return this.log().filter((line) => line.startsWith("Starting session:")).length;
  }

  /** What sshd says of logins that it did not let come so far. */
  refusedLogins(): string[] {
    return this.log().filter((line) => /MaxStartups|drop connection/.test(line));
  }

  /** What sshd says of sessions beyond those that a connection may have. */
  refusedSessions(): string[] {
    return this.log().filter((line) => line.includes("no more sessions"));
  }

  private log(): string[] {
    const { stdout, stderr } = spawnSync("docker", ["logs", this.container], {
      encoding: "utf8",
      maxBuffer: 256 * 1024 * 1024,
    });
    return (stdout + stderr).split("\n");
  }

  /** Ends it, and with it every connection. */
  stop(): void {
    docker(["rm", "--force", this.container]);
  }
}

/** An agent of ssh that has a key. */
export function keyInAgent(key: string): { environment: Record<string, string>; stop(): void } {
  const said = execFileSync("ssh-agent", ["-s"], { encoding: "utf8" });
  const [, SSH_AUTH_SOCK = ""] = /SSH_AUTH_SOCK=([^;]+);/.exec(said) ?? [];
  const [, pid = ""] = /SSH_AGENT_PID=(\d+);/.exec(said) ?? [];
  execFileSync("ssh-add", ["-q", "-"], { input: key, env: { ...process.env, SSH_AUTH_SOCK } });
  return { environment: { SSH_AUTH_SOCK }, stop: () => void process.kill(Number(pid)) };
}

/** As docs/hosts.md recommends it, with what only this test has: a port, a key and known hosts of its own. */
function clientConfiguration(port: string, key: string, known: string, folder: string): string {
  return `Host dating-host
  HostName 127.0.0.1
  Port ${port}
  User deploy
  IdentityFile ${key}
  IdentitiesOnly yes
  UserKnownHostsFile ${known}
  StrictHostKeyChecking yes
  ControlMaster auto
  ControlPath ${folder}/%C
  ControlPersist 1m
`;
}

/** Puts an `ssh` in front of the real one that reads only this configuration, and not the person's own. */
function useConfiguration(project: Project, configuration: string): void {
  const real = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  writeFileSync(join(project.directory, ".bin/ssh"), `#!/bin/sh\nexec ${real} -F ${configuration} "$@"\n`, {
    mode: 0o755,
  });
}

/** Makes the provider's configuration bring in this one, and not the person's own and the machine's. */
function includeInProviders(project: Project, configuration: string): void {
  const file = join(project.directory, "hooks/ssh/config");
  const text = readFileSync(file, "utf8").replace(/^Include .*$/gm, `Include ${configuration}`);
  writeFileSync(file, text);
}

/** The host's public key, which it makes when it starts. */
function hostKey(container: string): string {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { stdout } = spawnSync("docker", ["exec", container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub"], {
      encoding: "utf8",
    });
    if (stdout.startsWith("ssh-ed25519 ")) return stdout.trim();
    if (Date.now() > deadline) throw new Error(`${container} has no host key`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function docker(...args: string[][]): string {
  return execFileSync("docker", args.flat(), { encoding: "utf8" }).trim();
}
