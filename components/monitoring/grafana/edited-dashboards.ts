import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";

import type { DashboardFile } from "./dashboards";
import { basicAuthorization, refusal, refusesPassword } from "./password";

type Model = Record<string, unknown>;

/** What a dashboard says, in a few characters: of its JSON in one order, and without what Grafana itself counts. */
export function fingerprint(model: Model): string {
  return createHash("sha256").update(written(model)).digest("hex").slice(0, 12);
}

function written(model: Model): string {
  const { panels } = model;
  const own = { ...model, id: undefined, version: undefined };
  const uncounted = Array.isArray(panels)
    ? { ...own, panels: panels.map((panel: Model) => ({ ...panel, id: undefined })) }
    : own;
  return JSON.stringify(uncounted, (_, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

const deployed = "Deployed from monitoring/grafana/dashboards";

/** The message under which a deploy saves a model: by it the versions of deploys are told from those of people. */
export function deployMessage(model: Model): string {
  return `${deployed}, sha256 ${fingerprint(model)}`;
}

/** The fingerprints of dashboards by their uids: a stack's output, by which the next deploy knows what was deployed last. */
export type Fingerprints = Record<string, string>;

export function fingerprintsOf(files: readonly Pick<DashboardFile, "uid" | "model">[]): Fingerprints {
  return Object.fromEntries(files.map(({ uid, model }) => [uid, fingerprint(model)]));
}

/** What Grafana has of a dashboard now. */
export interface CurrentDashboard {
  model: Model;
  version: number;
  /** With which this version was saved: what its list of versions tells may be another one. */
  message: string;
  created: string;
  createdBy: string;
}

/**
 * Whether a deploy overwrites what a person did: what Grafana has is a person's, and the file is another one than was deployed
 * last.
 *
 * @param last the fingerprint of what was deployed last; where nobody knows it, nothing is said
 */
export function overwrites(
  { model }: Pick<DashboardFile, "model">,
  last: string | undefined,
  now: CurrentDashboard,
): boolean {
  if (last === undefined || fingerprint(model) === last) return false;
  return !now.message.startsWith(deployed) && ![last, fingerprint(model)].includes(fingerprint(now.model));
}

/**
 * Says in the preview and in the deploy which dashboards that people edited in Grafana a deploy overwrites. Only a Grafana
 * that answers can tell. One that refuses the stack's password is asked once and no more, as it shuts the administrator out
 * after five wrong ones.
 */
export function warnOfOverwriting(
  files: readonly DashboardFile[],
  url: string,
  password: pulumi.Output<string>,
): void {
  password.apply(async (known) => {
    const authorization = basicAuthorization(`admin:${known}`);
    if (await refusesPassword(url, authorization)) {
      await pulumi.log.warn(refusal(url, pulumi.getStack()));
      return;
    }
    const last = await deployedLast();
    const changed = files.filter(
      ({ uid, model }) => last[uid] !== undefined && last[uid] !== fingerprint(model),
    );
    for (const file of changed) await warn(file, last[file.uid], url, authorization);
  });
}

/** What the state says was deployed last. */
async function deployedLast(): Promise<Fingerprints> {
  try {
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    // How the SDK's StackReference asks the engine, which would be a resource, and read in each preview.
    const answer = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
      outputs?: { dashboards?: Fingerprints };
    };
    return answer.outputs?.dashboards ?? {};
  } catch (error) {
    await pulumi.log.debug(`The state does not tell which dashboards were deployed last: ${String(error)}`);
    return {};
  }
}

async function warn(
  file: DashboardFile,
  last: string | undefined,
  url: string,
  authorization: string,
): Promise<void> {
  let now: CurrentDashboard | undefined;
  try {
    now = await currentOf(`${url}/api/dashboards/uid/${file.uid}`, authorization);
  } catch (error) {
    await pulumi.log.debug(`Grafana does not tell who edited ${file.path}: ${String(error)}`);
  }
  if (!now || !overwrites(file, last, now)) return;
  const { version, message, created, createdBy } = now;
  await pulumi.log.warn(
    `Dashboard ${file.uid} was edited in Grafana (version ${version} by ${createdBy}, ${created}${message && `: ${message}`}), and ` +
      `monitoring/${file.path} has changed: a deploy overwrites the edit. Grafana keeps that version: ` +
      `${url}/d/${file.uid}?editview=versions`,
  );
}

/** What Grafana has at an address; undefined where it has no such dashboard. */
async function currentOf(address: string, authorization: string): Promise<CurrentDashboard | undefined> {
  const ask = async <T>(path: string): Promise<T | undefined> => {
    const answer = await fetch(`${address}${path}`, {
      headers: { authorization },
      signal: AbortSignal.timeout(3000),
    });
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  interface Found {
    dashboard: Model;
    meta: { version: number };
  }
  const found = await ask<Found>("");
  if (!found) return undefined;
  const { version } = found.meta;
  const saved = await ask<Pick<CurrentDashboard, "created" | "createdBy" | "message">>(
    `/versions/${version}`,
  );
  return {
    created: "some time ago",
    createdBy: "somebody",
    message: "",
    ...saved,
    version,
    model: found.dashboard,
  };
}
