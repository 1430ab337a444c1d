import { randomBytes } from "node:crypto";

import { dataFolder } from "../../config/postgres-settings";
import type { DockerCli } from "../backups/docker";
import { BackupError } from "../backups/manifest";
import { psql, type Server } from "../backups/psql";
import type { Target } from "../backups/target";
import { label } from "./leftovers";
import type { Reader } from "./reader";

/** Until when a server is recovered: a time, or the end of what was archived. */
export type Point = Date | "latest";

/** The role that reads the recovered server, which nobody else reaches. */
const user = "dating_point_in_time";

/** A server as it was at a point in time. */
export interface Recovered {
  /** Docker's word for the network on which it is at 127.0.0.1. */
  network: string;
  user: string;
  password: string;
}

/** Restores the files of a server from its newest base backup before a point in time. @throws BackupError with pgBackRest's words */
export async function restoreFiles(reader: Reader, server: string, point: Point): Promise<void> {
  const until = point === "latest" ? ["--type=default"] : ["--type=time", `--target=${inSql(point)}`];
  const files = [`--stanza=${server}`, `--pg1-path=${dataFolder}`, ...until];
  // With it a server that has what it needs ends its recovery, and does not wait for somebody.
  const action = point === "latest" ? [] : ["--target-action=promote"];
  await reader.pgbackrest("restore", ...files, ...action).catch((error: unknown) => {
    throw new BackupError(
      `The base backup could not be restored. Nothing was changed.\n${(error as Error).message}`,
      {
        cause: error,
      },
    );
  });
}

/** A time as pgBackRest and Postgres read it, in UTC. */
const inSql = (time: Date) => time.toISOString().replace("T", " ").replace("Z", "+00");

/**
 * Starts the stack's own Postgres on restored files, which goes through the log up to the point in time. Its container is removed
 * with the reader's.
 *
 * @throws BackupError where the log ends before that, or cannot be read to there
 */
export async function recover(
  target: Target,
  reader: Reader,
  scratch: string,
  server: string,
): Promise<Recovered> {
  const { docker, images, prefix } = target;
  await docker.text([
    ...["exec", "--detach", "--user", reader.user, reader.container],
    ...["python3", "-m", "dating_backup", "fetch", server, dataFolder],
  ]);
  await docker.text(["exec", reader.container, "bash", "-c", untilListening]).catch((error: unknown) => {
    throw new BackupError("What reads the log from the repository does not start. Nothing was changed.", {
      cause: error,
    });
  });
  const container = `${reader.container}-server`;
  const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
  await docker.text([
    ...["run", "--detach", "--name", container, "--label", `${label}=${prefix}`],
    ...["--network", `container:${reader.container}`],
    ...["--mount", `type=volume,source=${scratch},target=${dataFolder}`, "--env", `PGDATA=${dataFolder}`],
    ...["--memory", "512m", "--memory-swap", "512m", "--shm-size", "512m", "--pids-limit", "1024"],
    ...["--cap-drop", "ALL", ...capabilities.flatMap((name) => ["--cap-add", name])],
    ...["--security-opt", "no-new-privileges", images.postgres, "postgres"],
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ]);
  const recovered: Server = { docker, container, superuser: target.database.superuser };
  await untilPromoted(recovered);
  const password = randomBytes(24).toString("hex");
  await psql(
    recovered,
    "postgres",
    `SET log_statement = 'none'; CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD '${password}'`,
  );
  return { network: `container:${reader.container}`, user, password };
}

const port = 9103;
const untilListening = `for i in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && exit; sleep 0.2; done; exit 1`;

/** Asks the reader for a file. Only where it says so is there none: else Postgres has to stop, and not to take the log for ended. */
const fetch = [
  `exec 3<>/dev/tcp/127.0.0.1/${port} || exit 200`,
  'echo "%f %p" >&3',
  "IFS= read -r answer <&3 || exit 200",
  'case $answer in ok) exit 0 ;; missing) exit 1 ;; *) echo "ERROR: $answer" >&2; exit 200 ;; esac',
].join("; ");

const settings = {
  restore_command: `bash -c '${fetch}'`,
  archive_mode: "off",
  hot_standby: "off",
  listen_addresses: "127.0.0.1",
  // It may be lost at any time.
  fsync: "off",
  full_page_writes: "off",
  // Those of the stack's own may need more memory than there is, or libraries that reach out.
  shared_buffers: "128MB",
  shared_preload_libraries: "",
};

async function untilPromoted({ docker, container }: Server): Promise<void> {
  // Nobody can say for how long; when it cannot go on, it ends.
  const wait = "until pg_isready --quiet --host 127.0.0.1; do sleep 0.5; done";
  await docker.text(["exec", container, "bash", "-c", wait]).catch(async (error: unknown) => {
    const said = (await logOf(docker, container))
      .split("\n")
      .filter((line) => /FATAL|PANIC|ERROR/.test(line));
    if (said.some((line) => line.includes("recovery ended before configured recovery target")))
      throw new BackupError(
        "The log that was archived ends before that time: --at latest restores all of it. Nothing was changed.",
      );
    throw new BackupError(
      `The server could not be recovered; nothing was changed.\n  ${said.slice(-4).join("\n  ")}`,
      { cause: error },
    );
  });
}

async function logOf(docker: DockerCli, container: string): Promise<string> {
  let log = "";
  for await (const output of docker.read(["logs", "--tail", "60", container], "", (text) => (log = text)))
    log += String(output);
  return log;
}
