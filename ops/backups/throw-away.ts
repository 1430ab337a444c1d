import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants } from "node:os";
import { PassThrough } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

import { dataFolder } from "../../config/postgres-settings";
import { requireUnused, serverLabel } from "../host/volume-users";
import { removeContainer, whenEnded, type DockerCli } from "./docker";
import type { Server } from "./psql";

/**
 * Runs an empty Postgres server without a network for as long as something is done with it. What it gets is gone with this
 * process, however that ends: the container ends with its standard input, which Docker closes when nobody is at its other end.
 */
export async function runThrowAway<T>(
  docker: DockerCli,
  image: string,
  superuser: string,
  action: (server: Server) => Promise<T>,
): Promise<T> {
  const container = nameOf();
  // What may be lost at any time waits for no disk.
  const hasty = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"];
  const script = 'exec 3<&0; docker-entrypoint.sh postgres "$@" & cat <&3 >/dev/null & wait -n';
  const input = new PassThrough();
  let said = "";
  const ended = whenEnded(
    docker.read(
      [
        ...["run", "--rm", "--interactive", "--sig-proxy=false", "--init", "--name", container],
        ...[...confined, image, "bash", "-c", script, "-", ...hasty.flatMap((each) => ["-c", each])],
      ],
      input,
      (messages) => (said = messages),
    ),
  ).then((failure) => (said = failure || said));
  try {
    await untilItAnswers(docker, container, ended).catch(async (error: unknown) => {
      // Its own words are there once it has ended.
      input.end();
      await ended;
      throw new Error(`${image} does not start:\n${said.trim().split("\n").slice(-20).join("\n")}`, {
        cause: error,
      });
    });
    return await action({ docker, container, superuser });
  } finally {
    input.end();
    await removeContainer(docker.undisturbed, container);
  }
}

/**
 * Runs a Postgres server without a network on a volume for as long as something is done with it. It ends on a signal, too; one
 * that was left by a killed command is found by its label.
 *
 * @throws OperatorError where another running container has the volume
 */
export async function runServer<T>(
  docker: DockerCli,
  image: string,
  volume: string,
  superuser: string | undefined,
  action: (server: Server) => Promise<T>,
): Promise<T> {
  const container = nameOf();
  await requireUnused(docker, volume);
  const forget = onSignal(() => {
    for (const end of [["stop"], ["rm", "--force"]])
      spawnSync("docker", [...end, container], { env: docker.environment, stdio: "ignore" });
  });
  try {
    await docker.text([
      ...["run", "--detach", "--name", container, "--stop-timeout", "60"],
      ...["--mount", `type=volume,source=${volume},target=${dataFolder}`],
      ...["--label", `${serverLabel}=${volume}`, ...confined, image, "postgres"],
    ]);
    await untilItAnswers(docker, container).catch(async (error: unknown) => {
      throw new Error(`${image} does not start:\n${await docker.text(["logs", "--tail", "20", container])}`, {
        cause: error,
      });
    });
    const result = await action({ docker, container, superuser: superuser ?? "postgres" });
    await docker.text(["stop", container]);
    return result;
  } finally {
    await docker.text(["stop", container]).catch(() => {});
    await docker.text(["rm", "--force", container]).finally(forget);
  }
}

const nameOf = () => `dating-server-${process.pid}-${randomBytes(3).toString("hex")}`;

/** What a server may, and what the image's entry point needs to hand its files to its user and to become that user. */
const confined = [
  ...["--network", "none", "--label", "dating.job=backup"],
  ...["--memory", "512m", "--memory-swap", "512m", "--shm-size", "512m", "--pids-limit", "1024"],
  ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
  ...["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"].flatMap((name) => ["--cap-add", name]),
  // Only read by a server that begins empty, and nobody is told it.
  ...["--env", `POSTGRES_PASSWORD=${randomBytes(16).toString("hex")}`, "--env", `PGDATA=${dataFolder}`],
];

/** @param ended of a container that Docker may not know yet: it is asked for it until then */
async function untilItAnswers(docker: DockerCli, container: string, ended?: Promise<string>): Promise<void> {
  // Over TCP: while the image initialises, the server listens on the local socket only.
  const wait = `for i in $(seq 480); do pg_isready --quiet --host 127.0.0.1 && exit; sleep 0.125; done; exit 1`;
  for (;;) {
    try {
      return void (await docker.text(["exec", container, "bash", "-c", wait]));
    } catch (error) {
      if (!ended || !/no such container|is not running/i.test((error as Error).message)) throw error;
      if ((await Promise.race([ended, pause(100, undefined)])) !== undefined) throw error;
    }
  }
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Does something on a signal, and then ends the process. @returns what takes that back */
function onSignal(action: () => void): () => void {
  const act = (signal: (typeof signals)[number]) => {
    action();
    process.exit(128 + constants.signals[signal]);
  };
  signals.forEach((signal) => process.once(signal, act));
  return () => signals.forEach((signal) => process.off(signal, act));
}
