import { allResources, dockerEnvironment } from "../deployment";
import { DockerHost } from "../host/inspect";
import { reachGrafana } from "../host/reach-grafana";
import { pulumi } from "../pulumi";
import { progress } from "../quiet";
import { Refused } from "../stack/errors";
import { drainReplaced, drainUnknown } from "./drain";
import { lockHolders, mayRun } from "./lock";
import { mendState } from "./mend";
import { startAbsent } from "./start";

/** What a person allows a recovery to do. */
export interface RecoverOptions {
  /** Go on although a deploy that holds Pulumi's lock may still be at work. */
  force: boolean;
  /** Is told what would be removed. @throws where that is not to be */
  mayRemove: (names: string[]) => Promise<void>;
}

/** Something on the Docker host that carries the stack's label and is not in its state. */
interface Unknown {
  kind: "container" | "network";
  id: string;
  name: string;
}

/**
 * Clears what a killed deploy has left: see `./dating recover --help`. Says each step that it takes.
 *
 * @throws Refused while a deploy may be at work, and as the steps do
 */
export async function recover(stack: string, { force, mayRemove }: RecoverOptions): Promise<void> {
  say(mendState(stack));
  refuseRunning(stack, force);
  const before = allResources(stack);
  const host = new DockerHost(dockerEnvironment(before));
  reachGrafana(before);
  if (lockHolders(stack).length > 0) {
    console.log("Removing the lock of a deploy that is gone: pulumi cancel");
    pulumi(["cancel", "--yes", "--stack", stack]);
  }
  progress("Bringing the state up to the Docker host: pulumi refresh --clear-pending-creates");
  pulumi(["refresh", "--clear-pending-creates", "--yes", "--skip-preview", "--stack", stack]);

  const resources = allResources(stack);
  say(drainReplaced(resources));
  // After the refresh the state has everything that the engine knows of; whatever else has the label, nobody does.
  const known = new Set(resources.map(({ id }) => id));
  const unknown = (["container", "network"] as const).flatMap((kind) => unknownOf(host, stack, kind, known));
  if (unknown.length > 0) await mayRemove(unknown.map(({ kind, name }) => `${kind} ${name}`));
  for (const { kind, id, name } of unknown) {
    console.log(`Removing the ${kind} ${name}, which no deploy knows`);
    if (kind === "container") {
      const service = host.container(id)?.Config.Labels?.["dating.service"] ?? "";
      drainUnknown(resources, service, id);
      // A database that is made for the first time is left whole.
      host.run(["stop", "-t", "60", id]);
    }
    host.run([kind, "rm", ...(kind === "container" ? ["--force"] : []), id]);
  }
  say(startAbsent(resources, host));
  console.log(`Done. Now deploy: ./dating up ${stack}`);
}

function refuseRunning(stack: string, force: boolean): void {
  const running = lockHolders(stack).filter((holder) => mayRun(holder));
  if (running.length === 0 || force) return;
  throw new Refused(
    [
      ...running.map(
        ({ pid, username, hostname, timestamp }) =>
          `Stack ${stack} is being deployed by ${username}@${hostname} (pid ${pid}) since ${timestamp}.`,
      ),
      `Wait for it. If it is known to be dead: ./dating recover ${stack} --force`,
    ].join("\n"),
  );
}

function unknownOf(
  host: DockerHost,
  stack: string,
  kind: Unknown["kind"],
  known: ReadonlySet<string>,
): Unknown[] {
  const all = kind === "container" ? ["--all"] : [];
  const filter = ["--filter", `label=dating.stack=dating-${stack}`];
  const ids = lines(host.run([kind, "ls", ...all, "--no-trunc", "--quiet", ...filter]));
  return ids
    .filter((id) => !known.has(id))
    .map((id) => {
      const [name = id] = lines(host.run([kind, "inspect", "--format", "{{.Name}}", id]));
      return { kind, id, name };
    });
}

const lines = (output: Buffer) => output.toString().split("\n").filter(Boolean);

function say(done: Iterable<string>): void {
  for (const line of done) console.log(line);
}
