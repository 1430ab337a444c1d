import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import { dataFolder } from "../../config/postgres-settings";
import { removeContainer, whenEnded } from "../backups/docker";
import { BackupError } from "../backups/archives/manifest";
import { psql, type Server } from "../backups/psql";
import type { Target } from "../backups/target";
import { labelsFor } from "./leftovers";
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
 * Lets the stack's own Postgres go through the log up to the point in time, on files that were restored, and does something with
 * it. It is among the reader's processes, and ends with those at the latest.
 *
 * @throws BackupError where the log ends before that, or cannot be read to there
 */
export async function recover<T>(
  target: Target,
  reader: Reader,
  server: string,
  action: (recovered: Recovered) => Promise<T>,
): Promise<T> {
  const { docker } = target;
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
  const output = docker.read(serverArguments(target, reader, container));
  const ended = whenEnded(output);
  try {
    const recovered: Server = { docker, container, superuser: target.database.superuser };
    await untilPromoted(recovered, ended);
    const password = randomBytes(24).toString("hex");
    await psql(
      recovered,
      "postgres",
      `SET log_statement = 'none'; CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD '${password}'`,
    );
    return await action({ network: `container:${reader.container}`, user, password });
  } finally {
    await removeContainer(docker.undisturbed, container);
  }
}

function serverArguments({ images, prefix }: Target, reader: Reader, container: string): string[] {
  const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
  const beside = `container:${reader.container}`;
  return [
    // A signal ends the CLI, and not the server before what uses it.
    ...["run", "--rm", "--sig-proxy=false", "--name", container, "--network", beside, "--pid", beside],
    ...labelsFor(prefix).flatMap((label) => ["--label", label]),
    // Of the reader's volumes the files alone: over the repository there is nothing.
    ...["--volumes-from", reader.container, "--mount", "type=tmpfs,target=/backups,tmpfs-size=4096"],
    ...["--env", `PGDATA=${dataFolder}`, "--log-driver", "none"],
    ...["--memory", "512m", "--memory-swap", "512m", "--shm-size", "512m", "--pids-limit", "1024"],
    ...["--cap-drop", "ALL", ...capabilities.flatMap((name) => ["--cap-add", name])],
    ...["--security-opt", "no-new-privileges", images.postgres, "postgres"],
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
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

/** @param ended what it said, when it has ended by itself */
async function untilPromoted({ docker, container }: Server, ended: Promise<string>): Promise<void> {
  // Nobody can say for how long; when it cannot go on, it ends.
  const wait = "until pg_isready --quiet --host 127.0.0.1; do sleep 0.5; done";
  const answers = () =>
    docker.text(["exec", container, "bash", "-c", wait]).then(
      () => true,
      () => false,
    );
  // One that was asked before it ran is asked again.
  while (!(await answers())) {
    const said = await Promise.race([ended, pause(200, undefined)]);
    if (said !== undefined) throw notRecovered(said);
  }
}

function notRecovered(said: string): BackupError {
  const lines = said.trim().split("\n");
  const wrong = lines.filter((line) => /FATAL|PANIC|ERROR/.test(line));
  if (wrong.some((line) => line.includes("recovery ended before configured recovery target")))
    return new BackupError(
      "The log that was archived ends before that time: --at latest restores all of it. Nothing was changed.",
    );
  return new BackupError(
    `The server could not be recovered; nothing was changed.\n  ${(wrong.length > 0 ? wrong : lines).slice(-4).join("\n  ")}`,
  );
}
