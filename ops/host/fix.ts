import { execFileSync } from "node:child_process";

import { pulumi } from "../pulumi";
import type { Drift } from "./drift";
import type { Finding } from "./findings";

/** What a person allows a repair to do beyond bringing back what was deployed. */
export interface FixOptions {
  /** Go on with an empty volume where one is gone. */
  emptyVolumes?: boolean;
  /** Also deploy what the checkout and the configuration change. */
  pendingChanges?: boolean;
}

/**
 * Brings a stack back to what was deployed last.
 *
 * @throws Error, before anything is touched, when that would deploy something else too, or make up for lost data with
 * an empty volume
 */
export function fixDrift(
  stack: string,
  { findings, resources, host, outOfReach }: Drift,
  options: FixOptions,
): void {
  const lost = findings.flatMap(({ lostVolume }) => lostVolume ?? []);
  if (lost.length > 0 && !options.emptyVolumes) {
    throw new Error(
      `gone with all data: ${lost.join(", ")}. Restore it from a backup under the same name first,\n` +
        `or go on with an empty one: ./dating drift ${stack} --fix --empty-volumes`,
    );
  }
  if (!options.pendingChanges) refusePendingChanges(stack);

  // Docker gives a name to one container only; every other intruder goes on serving until its successor does.
  const intruders = findings.flatMap(({ intruder }) => intruder ?? []);
  const remove = (id: string) => {
    host.run(["stop", id]);
    host.run(["rm", id]);
  };
  intruders.filter(({ holdsTheName }) => holdsTheName).forEach(({ id }) => remove(id));

  // A resource that depends on a lost volume's content names the volume among its triggers.
  const dependents = resources
    .filter(({ inputs }) =>
      ((inputs.triggers ?? []) as unknown[]).some((trigger) => lost.includes(String(trigger))),
    )
    .map(({ urn }) => urn);
  const replaced = new Set([...toReplace(findings, startStopped(findings, host)), ...dependents]);
  pulumi([
    ...["up", "--refresh", "--yes", "--skip-preview", "--stack", stack, "--policy-pack", "policy"],
    ...["--message", "./dating drift --fix"],
    ...[...replaced].flatMap((urn) => ["--replace", urn]),
    ...outOfReach.flatMap((urn) => ["--exclude", urn]),
  ]);
  intruders.filter(({ holdsTheName }) => !holdsTheName).forEach(({ id }) => remove(id));
}

/** Starts what has only to be started, and returns the ids of what did start. What does not is replaced. */
function startStopped(findings: Finding[], host: Drift["host"]): Set<string> {
  const stopped = findings.flatMap(({ stopped }) => stopped ?? []);
  return new Set(
    stopped.filter((id) => {
      try {
        return host.run(["start", id]);
      } catch (error) {
        console.error(String((error as { stderr?: Buffer }).stderr).trim());
        return false;
      }
    }),
  );
}

/** What the engine does not see must be replaced; what is gone, it makes anew by itself. */
function toReplace(findings: Finding[], started: ReadonlySet<string>): string[] {
  const gone = new Set(
    findings
      .filter(({ seenByEngine, property }) => seenByEngine && property === undefined)
      .map(({ urn }) => urn),
  );
  return findings
    .filter(
      ({ urn, seenByEngine, intruder, stopped }) =>
        !seenByEngine && !intruder && !gone.has(urn) && !(stopped && started.has(stopped)),
    )
    .map(({ urn }) => urn);
}

function refusePendingChanges(stack: string): void {
  const text = execFileSync("pulumi", ["preview", "--json", "--non-interactive", "--stack", stack], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { changeSummary = {} } = JSON.parse(text) as { changeSummary?: Record<string, number> };
  const changes = Object.entries(changeSummary).filter(([op, count]) => op !== "same" && count > 0);
  if (changes.length === 0) return;
  throw new Error(
    `this checkout and configuration are not what was deployed (${changes.map(([op, count]) => `${count} to ${op}`).join(", ")}).\n` +
      `Check out what was, look at \`pulumi preview --stack ${stack}\`, or deploy that too: ./dating drift ${stack} --fix --pending-changes`,
  );
}
