/*
 * Puts a certificate of one's own and its key into the volume from which Traefik reads them: into its container nothing can be
 * put, and an environment shows its content to everybody who may look at containers. A running Traefik is told to read them
 * again, so that another certificate is no absence. May be killed and run again at any time.
 *   NAME, IMAGE, VOLUME   of a container that is made for it, never runs, and is removed
 *   FOLDER                where in the volume
 *   STACK                 the stack's prefix
 *   standard input        {"certificate.pem": PEM, "key.pem": PEM}, in one line
 */
import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";

import { pack } from "tar-stream";

import { ask, Deadline, NoSuchContainer, Refused, runningOf } from "./lib/docker.mts";
import { edgeService } from "./lib/edge/edge.mts";
import { run, variable } from "./lib/hook.mts";
import { turn } from "./lib/turns.mts";

/** Where the volume is mounted in the container that is made for it. */
const mounted = "/volume";

await run(async () => {
  const name = variable("NAME");
  const folder = variable("FOLDER");
  const files = JSON.parse(await text(process.stdin)) as Record<string, string>;
  const deadline = new Deadline(60);
  await remove(name, deadline);
  try {
    const mount = `type=volume,source=${variable("VOLUME")},target=${mounted}`;
    const labels = ["--label", `dating.stack=${variable("STACK")}`, "--label", "dating.job=certificate"];
    await ask(
      [
        "create",
        "--name",
        name,
        "--pull",
        "never",
        "--network",
        "none",
        ...labels,
        "--mount",
        mount,
        variable("IMAGE"),
      ],
      deadline,
    );
    await put(name, await archive(folder, files), deadline);
  } finally {
    await remove(name, deadline);
  }
  await readAgain(variable("STACK"), folder, deadline);
});

async function remove(name: string, deadline: Deadline): Promise<void> {
  await ask(["rm", "--force", name], deadline).catch((error: Error) => {
    if (!(error instanceof NoSuchContainer)) throw error;
  });
}

/** Only root reads them, as Traefik does. */
function archive(folder: string, files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: folder, type: "directory", mode: 0o700 });
  for (const [name, content] of Object.entries(files))
    tar.entry({ name: `${folder}/${name}`, mode: 0o600 }, content);
  tar.finalize();
  return buffer(tar);
}

/** Copies until Docker has taken it. */
async function put(name: string, tar: Buffer, deadline: Deadline): Promise<void> {
  for (;;) {
    const why = await copy(name, tar);
    if (why === undefined) return;
    if (deadline.passed) throw new Error(`The certificate could not be put into its volume: ${why}`);
    await deadline.sleep(1_000);
  }
}

async function copy(name: string, tar: Buffer): Promise<string | undefined> {
  const args = ["cp", "-", `${name}:${mounted}`];
  const end = await turn(args);
  return new Promise<string | undefined>((resolve) => {
    const child = spawn("docker", args, {
      stdio: ["pipe", "ignore", "pipe"],
      timeout: 20_000,
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    child.stdin.on("error", () => {});
    child.stdin.end(tar);
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => resolve(code === 0 ? undefined : said.trim() || `exit code ${code}`));
  }).finally(end);
}

/** One that was started for another certificate, or for none, does not know the signal and would end. */
async function readAgain(stack: string, folder: string, deadline: Deadline): Promise<void> {
  const edge = await runningOf(stack, edgeService, deadline);
  // It reads them when it starts.
  if (!edge) return;
  try {
    const environment = await ask(["inspect", "--format", "{{json .Config.Env}}", edge.Id], deadline);
    if (!environment.includes(`/${folder}/`)) return;
    await ask(["kill", "--signal", "HUP", edge.Id], deadline);
  } catch (error) {
    // It has gone, or ended, since.
    if (!(error instanceof NoSuchContainer) && !(error instanceof Refused)) throw error;
  }
}
