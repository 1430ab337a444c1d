import type { Readable } from "node:stream";

import type { DockerCli } from "../docker";
import { BackupError, parseManifest, type Manifest } from "./manifest";
import type { ArchiveStore } from "./store";
import type { Target } from "../target";

/** The archives that a stack's own service makes on its schedule, in its volume `backup_data`. */
export class StackVolumeStore implements ArchiveStore {
  readonly where: string;
  private readonly docker: DockerCli;
  private readonly volume: string;
  private readonly image: string;

  constructor(target: Target) {
    this.docker = target.docker;
    this.volume = target.volumes.backup_data!;
    this.image = target.images.backup;
    this.where = `volume ${this.volume}:/scheduled`;
  }

  async names(): Promise<string[]> {
    const listed = await this.docker.text(this.run("ls", "-1", "."));
    return listed
      .split("\n")
      .filter((name) => /^\d{8}T\d{6}Z$/.test(name))
      .sort();
  }

  async manifest(name: string): Promise<Manifest> {
    if (!(await this.names()).includes(name)) {
      throw new BackupError(`There is no archive ${name} in ${this.where}.`);
    }
    return parseManifest(
      await this.docker.text(this.run("cat", `${name}/manifest.json`)),
      `${this.where}/${name}`,
    );
  }

  read(name: string, file: string): Promise<Readable> {
    return Promise.resolve(this.docker.read(this.run("cat", `${name}/${file}`)));
  }

  /** In a container of its own, so that it also works while the service is stopped. */
  private run(program: string, ...args: string[]): string[] {
    return [
      ...["run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--log-driver", "none"],
      ...[
        "--security-opt",
        "no-new-privileges",
        "--memory",
        "256m",
        "--memory-swap",
        "256m",
        "--pids-limit",
        "256",
      ],
      ...[
        "--mount",
        `type=volume,source=${this.volume},target=/backups,readonly`,
        "--label",
        "dating.job=backup",
      ],
      ...["--workdir", "/backups/scheduled", "--entrypoint", program, this.image, ...args],
    ];
  }
}
