import { randomBytes } from "node:crypto";

import { dataFolder } from "../../config/postgres-settings";
import { BackupError } from "../backups/manifest";
import type { Repositories, Target } from "../backups/target";
import { label } from "./leftovers";

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
 * Starts a container that reads a stack's repositories. It stays until it is removed.
 *
 * @param scratch a volume for a server's files
 */
export async function startReader(target: Target, scratch?: string): Promise<Reader> {
  const { files, network } = requireContinuous(target);
  const { docker, images, prefix, volumes } = target;
  const container = `${prefix}-point-in-time-${randomBytes(3).toString("hex")}`;
  const owner = await ownerOfFiles(target);
  const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
  await docker.text([
    ...["run", "--detach", "--init", "--name", container, "--label", `${label}=${prefix}`],
    ...["--network", network ?? "none", "--log-driver", "none", "--user", "0", "--cap-drop", "ALL"],
    ...capabilities.flatMap((name) => ["--cap-add", name]),
    ...[
      "--security-opt",
      "no-new-privileges",
      "--memory",
      "512m",
      "--memory-swap",
      "512m",
      "--pids-limit",
      "256",
    ],
    ...["--mount", `type=volume,source=${volumes.backup_data},target=/backups,readonly`],
    ...(scratch ? ["--mount", `type=volume,source=${scratch},target=${dataFolder}`] : []),
    ...["--entrypoint", "sleep", images.backup, "infinity"],
  ]);
  // Over standard input: what is in them is secret, and the Docker host need not be this machine.
  for (const { path, content } of files)
    await docker.text(
      ["exec", "--interactive", container, "sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "-", path],
      content,
    );
  if (scratch)
    await docker.text([
      ...["exec", container, "sh", "-c", 'chown "$1" "$2" && chmod 0700 "$2"', "-"],
      ...[`${owner}:${owner}`, dataFolder],
    ]);
  const user = `${owner}:${dumps}`;
  return {
    ...{ container, user },
    pgbackrest: (...args) => docker.text(["exec", "--user", user, container, "pgbackrest", ...args]),
  };
}

/** The group of the dumps, whose folder the repository is in: images/backup/Dockerfile. */
const dumps = 10003;

/** The number of the user that the stack's Postgres runs as: the repository is that user's, too. */
export async function ownerOfFiles({ docker, images }: Target): Promise<string> {
  const rights = ["--rm", "--network", "none", "--cap-drop", "ALL", "--log-driver", "none"];
  return docker.text(["run", ...rights, "--entrypoint", "id", images.postgres, "-u", "postgres"]);
}
