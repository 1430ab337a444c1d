import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { testImage } from "./image";
import type { Project } from "./project";

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
  static start(project: Project): SshHost {
    const folder = join(project.directory, ".ssh");
    mkdirSync(folder, { mode: 0o700 });
    const key = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const container = docker(
      ["run", "--detach", "--label", `dating.stack=${project.prefix}`, "--publish", "127.0.0.1::22"],
      ["--volume", "/var/run/docker.sock:/var/run/docker.sock"],
      ["--env", `AUTHORIZED_KEY=${readFileSync(`${key}.pub`, "utf8").trim()}`, testImage("sshd")],
    );
    const port = docker(["port", container, "22/tcp"]).split(":").at(-1)!;
    const known = join(folder, "known_hosts");
    writeFileSync(known, `[127.0.0.1]:${port} ${hostKey(container)}\n`);
    writeFileSync(join(folder, "config"), clientConfiguration(port, key, known, folder));
    useConfiguration(project, join(folder, "config"));

    const nowhere = `unix://${folder}/no-engine.sock`;
    project.environment.DOCKER_HOST = nowhere;
    project.stack.workspace.envVars.DOCKER_HOST = nowhere;
    return new SshHost(container);
  }

  /** How many connections it has let in. */
  logins(): number {
    const { stdout, stderr } = spawnSync("docker", ["logs", this.container], { encoding: "utf8" });
    return (stdout + stderr).split("\n").filter((line) => line.includes("Accepted publickey for deploy"))
      .length;
  }

  /** Ends it, and with it every connection. */
  stop(): void {
    docker(["rm", "--force", this.container]);
  }
}

/** As the README recommends it, with what only this test has: a port, a key and known hosts of its own. */
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
