import { execFileSync } from "node:child_process";

import { withReviewed } from "../review/deploy";
import type { Deploying } from "../review/engine";
import type { Drift } from "./drift";
import type { Finding } from "./findings";
import { halfRestored } from "../host/half-restored";

/** What a person allows a repair to do beyond bringing back what was deployed. */
export interface FixOptions {
  /** Go on with an empty volume where one is gone. */
  emptyVolumes?: boolean;
  /** Also deploy what the checkout and the configuration change. */
  pendingChanges?: boolean;
}

/** How a repair asks, and what it may do beyond bringing back what was deployed. */
export interface Fixing extends FixOptions {
  /** Is asked once more where a container does not start and is replaced. @throws where that is not to be */
  approve: () => Promise<void>;
}

/**
 * Brings a stack back to what was deployed last: shows what that changes, asks, and does just that.
 *
 * @throws Error, before anything is touched, when that would deploy something else too, or make up for lost data with
 * an empty volume
 */
export async function fixDrift(stack: string, drift: Drift, { approve, ...options }: Fixing): Promise<void> {
  const { findings, host } = drift;
  const lost = findings.flatMap(({ lostVolume }) => lostVolume ?? []);
  if (lost.length > 0 && !options.emptyVolumes) {
    throw new Error(
      `gone with all data: ${lost.join(", ")}. Restore it from a backup under the same name first,\n` +
        `or go on with an empty one: ./dating drift ${stack} --fix --empty-volumes`,
    );
  }
  const half = halfRestored(stack, host);
  if (half) throw new Error(half);
  if (!options.pendingChanges) refusePendingChanges(stack);

  // Docker gives a name to one container only; every other intruder goes on serving until its successor does.
  const intruders = findings.flatMap(({ intruder }) => intruder ?? []);
  const remove = (id: string) => {
    host.run(["stop", id]);
    host.run(["rm", id]);
  };
  const message = "./dating drift --fix";
  const stopped = findings.flatMap(({ stopped }) => stopped ?? []);
  const failed = await withReviewed(stack, repairOf(drift, new Set(stopped)), async (deploy) => {
    await approve();
    intruders.filter(({ holdsTheName }) => holdsTheName).forEach(({ id }) => remove(id));
    const refusing = stopped.filter((id) => !start(host, id));
    if (refusing.length === 0) await deploy(message);
    return refusing;
  });
  if (failed.length > 0) {
    console.log("Not every container starts again. Those that do not are replaced:");
    const started = new Set(stopped.filter((id) => !failed.includes(id)));
    await withReviewed(stack, repairOf(drift, started), async (deploy) => {
      await approve();
      await deploy(message);
    });
  }
  intruders.filter(({ holdsTheName }) => !holdsTheName).forEach(({ id }) => remove(id));
}

/** @param started ids of the containers that only have to be started, and will be */
function repairOf({ findings, resources, outOfReach }: Drift, started: ReadonlySet<string>): Deploying {
  const lost = findings.flatMap(({ lostVolume }) => lostVolume ?? []);
  // A resource that depends on a lost volume's content names the volume among its triggers.
  const dependents = resources
    .filter(({ inputs }) =>
      ((inputs.triggers ?? []) as unknown[]).some((trigger) => lost.includes(String(trigger))),
    )
    .map(({ urn }) => urn);
  const replace = [...new Set([...toReplace(findings, started), ...dependents])];
  return { refresh: true, replace, exclude: outOfReach };
}

/** Starts a container that has only to be started. @returns whether it did */
function start(host: Drift["host"], id: string): boolean {
  try {
    host.run(["start", id]);
    return true;
  } catch (error) {
    console.error(String((error as { stderr?: Buffer }).stderr).trim());
    return false;
  }
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
