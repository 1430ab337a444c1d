import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { PassThrough } from "node:stream";

import { dataFolder } from "../../config/postgres-settings";
import { pointInTimeLabel } from "../../host/marks/point-in-time";
import { BackupError } from "../backups/archives/manifest";
import { removeContainer } from "../backups/docker";
import type { Repositories, Target } from "../backups/target";
import { labelsFor } from "./leftovers";

/** A container with pgBackRest that reads a stack's repositories. */
export interface Reader {
  container: string;
  /** The owner of Postgres's files, and the group that may enter the folder of the repository, as Docker is told. */
  user: string;
  /** Runs pgBackRest as the owner of Postgres's files, and returns what it prints. */
  pgbackrest(...args: string[]): Promise<string>;
}

/** @throws BackupError where the stack has no continuous backups */
export function requireContinuous({ stack, continuous }: Target): Repositories {
  if (continuous) return continuous;
  throw new BackupError(
    `Stack ${stack} has no continuous backups, which a point in time is restored from. They begin with the next deploy: ` +
      `pulumi config set --stack ${stack} --path 'dating:backupRepositories[0]' volume && ./dating up ${stack}`,
  );
}

/**
 * Reads a stack's repositories for as long as something is done. What opens them is in the container, so that it ends with this
 * process, however that ends: its own one reads standard input, which Docker closes when nobody is at its other end.
 *
 * @param action gets a reader that has an empty volume for a server's files
 */
export async function withReader<T>(target: Target, action: (reader: Reader) => Promise<T>): Promise<T> {
  const { files, network } = requireContinuous(target);
  const { docker, images, prefix, volumes } = target;
  const container = `${prefix}-point-in-time-${randomBytes(3).toString("hex")}`;
  const owner = await ownerOfFiles(target);
  const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
  const input = new PassThrough();
  const output = docker.read(
    [
      // A signal ends the CLI, and that the container.
      ...["run", "--rm", "--interactive", "--sig-proxy=false", "--init", "--name", container],
      ...labelsFor(prefix).flatMap((label) => ["--label", label]),
      ...["--network", network ?? "none", "--log-driver", "none", "--user", "0", "--cap-drop", "ALL"],
      ...capabilities.flatMap((name) => ["--cap-add", name]),
      ...["--security-opt", "no-new-privileges", "--memory", "512m", "--memory-swap", "512m"],
      ...["--pids-limit", "256"],
      ...["--mount", `type=volume,source=${volumes.backup_data},target=/backups,readonly`],
      // Without a name: it goes with the container.
      ...["--mount", `type=volume,target=${dataFolder},volume-label=${pointInTimeLabel}=${prefix}`],
      ...["--entrypoint", "sh", images.backup, "-c", "echo begun; exec cat >/dev/null"],
    ],
    input,
  );
  try {
    await once(output, "data");
    // What ends it later ends what is done in it, too, which says so.
    output.on("error", () => {}).resume();
    // Over standard input: what is in them is secret, and the Docker host need not be this machine.
    for (const { path, content } of files)
      await docker.text(
        [
          "exec",
          "--interactive",
          container,
          "sh",
          "-c",
          'mkdir -p "$(dirname "$1")" && cat >"$1"',
          "-",
          path,
        ],
        content,
      );
    await docker.text([
      ...["exec", container, "sh", "-c", 'chown "$1" "$2" && chmod 0700 "$2"', "-"],
      ...[`${owner}:${owner}`, dataFolder],
    ]);
    const user = `${owner}:${dumps}`;
    return await action({
      ...{ container, user },
      pgbackrest: (...args) => docker.text(["exec", "--user", user, container, "pgbackrest", ...args]),
    });
  } finally {
    output.on("error", () => {});
    await removeContainer(docker.undisturbed, container);
    input.end();
  }
}

/** The group of the dumps, whose folder the repository is in: images/backup/Dockerfile. */
const dumps = 10003;

/** The number of the user that the stack's Postgres runs as: the repository is that user's, too. */
export async function ownerOfFiles({ docker, images }: Target): Promise<string> {
  const rights = ["--rm", "--network", "none", "--cap-drop", "ALL", "--log-driver", "none"];
  return docker.text(["run", ...rights, "--entrypoint", "id", images.postgres, "-u", "postgres"]);
}
