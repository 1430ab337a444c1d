import { type Manifest } from "../backups/archives/manifest";
import { StackVolumeStore } from "../backups/archives/stack-volume";
import { readTarget } from "../backups/target";
import { findDrift, type Drift } from "../drift/drift";
import { statusOf, type Status } from "./status";

/** What was asked for: an answer, or why there is none. */
export type Asked<T> = { answer: T } | { noAnswer: string };

/** All that is told of a deployed stack at once. */
export interface Overview {
  /** When it was looked at. */
  at: Date;
  status: Status;
  /** The archives that its own service has made, the newest first. */
  backups: Asked<Pick<Manifest, "name" | "createdAt" | "parts">[]>;
  drift: Asked<Pick<Drift, "findings" | "notCompared">>;
}

/** So many of the newest archives are told of: two weeks of nights. */
const backupsTold = 14;

/**
 * Looks at all of a deployed stack: takes as long as a look for drift.
 *
 * @throws OperatorError where it is not deployed
 */
export async function overviewOf(stack: string): Promise<Overview> {
  const status = await statusOf(stack);
  const backups = await asked(() => newestBackups(stack));
  const drift = await asked(() => findDrift(stack));
  return { at: new Date(), status, backups, drift };
}

async function newestBackups(stack: string): Promise<Manifest[]> {
  const store = new StackVolumeStore(readTarget(stack));
  const names = (await store.names()).slice(-backupsTold).reverse();
  const found: Manifest[] = [];
  for (const name of names) found.push(await store.manifest(name));
  return found;
}

async function asked<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { answer: await ask() };
  } catch (error) {
    return { noAnswer: error instanceof Error ? error.message : String(error) };
  }
}
