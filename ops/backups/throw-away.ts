import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants } from "node:os";

import { dataFolder } from "../../config/postgres-settings";
import { requireUnused, serverLabel } from "../host/volume-users";
import type { DockerCli } from "./docker";
import type { Server } from "./psql";

/**
 * Runs a Postgres server without a network for as long as something is done with it. It ends on a signal, too; one that was left
 * by a killed command is found by its label.
 *
 * @param volume its data; without one it begins empty, and what it gets is thrown away
 * @param superuser of an empty one
 * @throws OperatorError where another running container has the volume
 */
export async function runServer<T>(
  docker: DockerCli,
  image: string,
  volume: string | undefined,
  superuser: string | undefined,
  action: (server: Server) => Promise<T>,
): Promise<T> {
  const container = `dating-server-${process.pid}-${randomBytes(3).toString("hex")}`;
  // What may be lost at any time waits for no disk.
  const hasty = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"].flatMap((each) => [
    "-c",
    each,
  ]);
  // What the image's entry point needs to hand the volume to its user and to become that user.
  const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"].flatMap((name) => [
    "--cap-add",
    name,
  ]);
  const data = volume
    ? [
        ...["--mount", `type=volume,source=${volume},target=${dataFolder}`],
        ...["--label", `${serverLabel}=${volume}`],
      ]
    : [];
  if (volume) await requireUnused(docker, volume);
  const forget = onSignal(() => {
    const end = (...args: string[]) =>
      spawnSync("docker", [...args, container], { env: docker.environment, stdio: "ignore" });
    if (volume) end("stop");
    end("rm", "--force", ...(volume ? [] : ["--volumes"]));
  });
  try {
    await docker.text([
      ...[
        "run",
        "--detach",
        "--name",
        container,
        "--network",
        "none",
        "--label",
        "dating.job=backup",
        ...data,
      ],
      ...["--memory", "512m", "--memory-swap", "512m", "--shm-size", "512m"],
      ...["--pids-limit", "1024", "--stop-timeout", "60"],
      ...["--cap-drop", "ALL", ...capabilities, "--security-opt", "no-new-privileges"],
      // Only read by a server that begins empty.
      ...["--env", `POSTGRES_PASSWORD=${randomBytes(16).toString("hex")}`],
      ...["--env", `PGDATA=${dataFolder}`],
      ...[image, "postgres", ...(volume ? [] : hasty)],
    ]);
    // Over TCP: while the image initialises, the server listens on the local socket only.
    const wait = `for i in $(seq 480); do pg_isready --quiet --host 127.0.0.1 && exit; sleep 0.125; done; exit 1`;
    await docker.text(["exec", container, "bash", "-c", wait]).catch(async (error: unknown) => {
      throw new Error(`${image} does not start:\n${await docker.text(["logs", "--tail", "20", container])}`, {
        cause: error,
      });
    });
    const result = await action({ docker, container, superuser: superuser ?? "postgres" });
    if (volume) await docker.text(["stop", container]);
    return result;
  } finally {
    await docker.text(volume ? ["stop", container] : ["kill", container]).catch(() => {});
    await docker.text(["rm", "--force", ...(volume ? [] : ["--volumes"]), container]).finally(forget);
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
