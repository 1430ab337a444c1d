/*
 * A tunnel to a port on the loopback of a Docker host that is reached over SSH.
 *   node hooks/tunnel.mts open     starts it in the background, and ends when it is there
 *   node hooks/tunnel.mts serve    is it
 *   TUNNEL_HOST    the Docker host: ssh://USER@HOST:PORT
 *   TUNNEL_PORTS   the port here and the one there, with a space between
 *   TUNNEL_UNTIL   number of the process with which it ends
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Deadline } from "./lib/docker.mts";
import { run, variable } from "./lib/hook.mts";
import { isAlive } from "./lib/turns.mts";

/** Seconds for a login. */
const patience = 20;
/** Milliseconds between two looks. */
const pause = 250;

const [here, there] = variable("TUNNEL_PORTS").split(" ").map(Number) as [number, number];
const until = Number(variable("TUNNEL_UNTIL"));

await run({ open, serve }[process.argv[2] as "open" | "serve"]);

async function open(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "dating-tunnel-"));
  const said = join(folder, "said");
  const file = openSync(said, "w");
  try {
    const self = [...process.execArgv, fileURLToPath(import.meta.url), "serve"];
    const child = spawn(process.execPath, self, { detached: true, stdio: ["ignore", "ignore", file] });
    child.unref();
    const deadline = new Deadline(patience);
    while (!(await answers())) {
      if (child.exitCode !== null || deadline.passed)
        throw new Error(readFileSync(said, "utf8").trim() || `no tunnel within ${patience} seconds`);
      await deadline.sleep(pause);
    }
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

/** Two commands for one stack share the port: the second one's tunnel is there when the first one's ends. */
async function serve(): Promise<void> {
  let ssh: ChildProcess | undefined;
  const end = () => {
    ssh?.kill();
    process.exit();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  while (isAlive(until)) {
    if (!ssh && !(await answers())) {
      ssh = spawn("ssh", options(), { stdio: ["ignore", "ignore", "inherit"] });
      ssh.once("error", (error) => console.error(error.message));
      ssh.once("close", () => (ssh = undefined));
    }
    await new Promise((later) => setTimeout(later, ssh ? pause : 4 * pause));
  }
  end();
}

function options(): string[] {
  const { hostname, port, username } = new URL(variable("TUNNEL_HOST"));
  return [
    ...["-N", "-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15"],
    // On a shared connection it would outlive this.
    ...["-o", "ControlPath=none", "-L", `127.0.0.1:${here}:127.0.0.1:${there}`],
    ...(port ? ["-p", port] : []),
    ...(username ? ["-l", username] : []),
    ...["--", hostname],
  ];
}

/** Whether somebody listens here. */
function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(here, "127.0.0.1");
    const say = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => say(true));
    socket.once("error", () => say(false));
  });
}
