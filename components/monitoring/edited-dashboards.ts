import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";

import type { DashboardFile } from "./dashboards";

/** A version of a dashboard, as Grafana lists it. */
interface Version {
  version: number;
  created: string;
  createdBy: string;
  message: string;
}

const deployed = "Deployed from monitoring/grafana/dashboards";

/** The message under which a deploy saves a model: by it the versions of deploys are told from those of people. */
export function deployMessage(model: Record<string, unknown>): string {
  const hash = createHash("sha256").update(JSON.stringify(model)).digest("hex");
  return `${deployed}, sha256 ${hash.slice(0, 12)}`;
}

/**
 * What a deploy would overwrite of a dashboard: the newest version, where a person saved it and the file is another one
 * than was deployed last. Undefined where a deploy changes nothing, or nothing that a person did.
 *
 * @param versions the newest first
 */
export function overwritten(
  { model }: Pick<DashboardFile, "model">,
  versions: Version[],
): Version | undefined {
  const [newest] = versions;
  if (!newest || newest.message.startsWith(deployed)) return undefined;
  const last = versions.find(({ message }) => message.startsWith(deployed));
  return last?.message === deployMessage(model) ? undefined : newest;
}

/**
 * Says in the preview and in the deploy which dashboards that people edited in Grafana a deploy overwrites. Only a Grafana
 * that answers can tell.
 */
export function warnOfOverwriting(
  files: DashboardFile[],
  url: string,
  password: pulumi.Output<string>,
): void {
  password.apply(async (known) => {
    const authorization = `Basic ${Buffer.from(`admin:${known}`).toString("base64")}`;
    const rest = files.values();
    const askInTurn = async () => {
      for (const file of rest) await warn(file, url, authorization);
    };
    // A connection for each of many dashboards costs both sides more than the answers do.
    await Promise.all(Array.from({ length: 4 }, askInTurn));
  });
}

async function warn(file: DashboardFile, url: string, authorization: string): Promise<void> {
  let versions: Version[];
  try {
    const answer = await fetch(`${url}/api/dashboards/uid/${file.uid}/versions?limit=100`, {
      headers: { authorization },
      signal: AbortSignal.timeout(3000),
    });
    if (answer.status === 404) return;
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    const body = (await answer.json()) as Version[] | { versions: Version[] };
    // Before Grafana 11, the list itself.
    versions = Array.isArray(body) ? body : body.versions;
  } catch (error) {
    await pulumi.log.debug(`Grafana does not tell who edited ${file.path}: ${String(error)}`);
    return;
  }
  const version = overwritten(file, versions);
  if (!version) return;
  const saved = `version ${version.version} by ${version.createdBy}, ${version.created}`;
  await pulumi.log.warn(
    `Dashboard ${file.uid} was edited in Grafana (${saved}${version.message && `: ${version.message}`}), and ` +
      `monitoring/${file.path} has changed: a deploy overwrites the edit. Grafana keeps that version: ` +
      `${url}/d/${file.uid}?editview=versions`,
  );
}
