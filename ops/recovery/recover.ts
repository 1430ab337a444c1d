import { projectName } from "../../config/project";
import { DockerCli } from "../backups/docker";
import { allResources, pendingNames, type DeployedResource } from "../stack/deployment";
import { halfRestored } from "../host/half-restored";
import { DockerHost } from "../host/inspect";
import { reachGrafana } from "../host/reach-grafana";
import { removeLeft } from "../point-in-time/leftovers";
import { pulumi } from "../pulumi";
import { progress } from "../quiet";
import { chosenBackend, backendInWords } from "../stack/backend";
import { Refused } from "../stack/errors";
import type { LockPlace } from "../stack/lock";
import { drainReplaced, drainUnknown } from "./drain";
import { lockHolders, refuseRunning } from "./lock";
import { mendState } from "./mend";
import { refreshState } from "./refresh";
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
 * Brings a stack back to where a deploy goes through: see `./dating recover --help`. Says each step that it takes.
 *
 * @throws Refused while a deploy may be at work, and with a state that is not this stack's; and as the steps do
 */
export async function recover(place: LockPlace, options: RecoverOptions): Promise<void> {
  const { resources, host } = await clearKilled(place, options);
  const half = halfRestored(place.stack, host);
  say(half ? [`Nothing is started: ${half}`] : startAbsent(resources, host));
  console.log(`Done. Now deploy: ./dating up ${place.stack}`);
}

/**
 * Clears what a killed deploy has left, and starts nothing. Everything that is refused or asked comes before the first change,
 * but for the mending of a folder's files, without which no state can be read.
 *
 * @returns what the state has afterwards, and where it is
 */
export async function clearKilled(
  place: LockPlace,
  { force, mayRemove }: RecoverOptions,
): Promise<{ resources: DeployedResource[]; host: DockerHost }> {
  const { stack } = place;
  say(mendState(stack));
  refuseRunning(stack, lockHolders(stack), force);
  const before = allResources(stack);
  // Asked for now: a state that was not whole did not tell.
  const host = new DockerHost(place.environment);
  const known = new Set(before.map(({ id }) => id));
  refuseForeign(stack, host, known);
  const unknown = (["container", "network"] as const).flatMap((kind) => unknownOf(host, stack, kind, known));
  if (unknown.length > 0) await mayRemove(unknown.map(({ kind, name }) => `${kind} ${name}`));

  reachGrafana(before);
  if (lockHolders(stack).length > 0) {
    console.log("Removing the lock of a deploy that is gone: pulumi cancel");
    pulumi(["cancel", "--yes", "--stack", stack]);
  }
  progress("Bringing the state up to the Docker host: pulumi refresh --clear-pending-creates");
  refreshState(stack, force);

  const resources = allResources(stack);
  say(drainReplaced(resources));
  say(await removeLeft(new DockerCli(place.environment), `${projectName}-${stack}`, force));
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
  return { resources, host };
}

/**
 * A state that knows none of the containers that run is another one's: as after a move to another backend. What no deploy of it
 * knows is the stack itself then.
 *
 * @throws Refused that says what to do
 */
function refuseForeign(stack: string, host: DockerHost, known: ReadonlySet<string>): void {
  const running = host
    .containers(`dating.stack=${projectName}-${stack}`)
    .filter(({ State }) => State.Running);
  if (running.length === 0 || running.some(({ Id }) => known.has(Id))) return;
  // A first deploy that was killed has noted what it had begun to make.
  const begun = pendingNames(stack);
  const names = running.map(({ Name }) => Name.slice(1));
  if (names.some((name) => begun.has(name))) return;
  throw new Refused(
    [
      `None of the running containers of stack ${stack} is in its state ${backendInWords(chosenBackend())}: ${names.join(", ")}.`,
      "They were deployed from another state. Nothing was changed.",
      "  Use that one: pulumi login, or PULUMI_BACKEND_URL, and recover again.",
      "  Where it is an older copy that is wanted back: pulumi stack import --stack " +
        `${stack} --file COPY, and recover again.`,
      `  Where it is lost: docker rm --force ${names.join(" ")}, and deploy anew. Their volumes stay, and are taken over by their names.`,
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
  const filter = ["--filter", `label=dating.stack=${projectName}-${stack}`];
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
