import { execFileSync } from "node:child_process";

import { program } from "commander";

import { allResources, dockerEnvironment } from "./deployment";
import { DockerHost } from "./host/inspect";
import { reachGrafana } from "./host/reach-grafana";
import { drainReplaced, drainUnknown } from "./recovery/drain";
import { lockHolders, mayRun } from "./recovery/lock";
import { mendState } from "./recovery/mend";
import { startAbsent } from "./recovery/start";

program
  .name("ops/recover")
  .description(
    "Clears what a killed deploy has left, so that the next one goes through: half-written files of a local backend, the\n" +
      "stack's lock, operations that never ended in its state, and containers and networks on the Docker host that carry\n" +
      "the stack's label and are not in its state. Containers that a killed rollout leaves are drained first, and a service of\n" +
      "which it leaves none running gets back the one that served. Volumes are never touched.",
  )
  .argument("<stack>")
  .option("--force", "also when the lock's holder may still be running, as on another machine")
  .parse();
const [stack] = program.processedArgs as [string];
const { force } = program.opts<{ force?: boolean }>();

/** Says what a step has done, if it tells; or ends with its error. */
function report(step: () => Iterable<string> | void): void {
  try {
    for (const done of step() ?? []) console.log(done);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exit(1);
  }
}

report(() => mendState(stack));

const running = lockHolders(stack).filter((holder) => mayRun(holder));
if (running.length > 0 && !force) {
  for (const { pid, username, hostname, timestamp } of running)
    console.error(
      `Stack ${stack} is being deployed by ${username}@${hostname} (pid ${pid}) since ${timestamp}.`,
    );
  console.error(`Wait for it. If it is known to be dead: ops/recover ${stack} --force`);
  process.exit(1);
}

const before = allResources(stack);
const environment = dockerEnvironment(before);
reachGrafana(before);
const docker = (...args: string[]) =>
  execFileSync("docker", args, { encoding: "utf8", env: environment }).split("\n").filter(Boolean);
const pulumi = (...args: string[]) =>
  execFileSync("pulumi", [...args, "--stack", stack], { stdio: "inherit" });

if (lockHolders(stack).length > 0) {
  console.log("Removing the lock of a deploy that is gone: pulumi cancel");
  pulumi("cancel", "--yes");
}

console.log("Bringing the state up to the Docker host: pulumi refresh --clear-pending-creates");
pulumi("refresh", "--clear-pending-creates", "--yes", "--skip-preview");

const resources = allResources(stack);
report(() => drainReplaced(resources));

// After the refresh the state has everything that the engine knows of; whatever else has the label, nobody does.
const known = new Set(resources.map(({ id }) => id));
for (const kind of ["container", "network"]) {
  const all = kind === "container" ? ["--all"] : [];
  const labelled = docker(
    ...[kind, "ls", ...all, "--no-trunc", "--quiet", "--filter", `label=dating.stack=dating-${stack}`],
  );
  for (const id of labelled.filter((found) => !known.has(found))) {
    const [name] = docker(kind, "inspect", "--format", "{{.Name}}", id);
    console.log(`Removing the ${kind} ${name}, which no deploy knows`);
    if (kind === "container") {
      const [service = ""] = docker("inspect", "--format", '{{index .Config.Labels "dating.service"}}', id);
      report(() => drainUnknown(resources, service, id));
      // A database that is made for the first time is left whole.
      docker("stop", "-t", "60", id);
    }
    docker(kind, "rm", ...(kind === "container" ? ["--force"] : []), id);
  }
}
report(() => startAbsent(resources, new DockerHost(environment)));
console.log(`Done. Now deploy: pulumi up --stack ${stack}`);
