import { basicAuthorization, refusal, refusesPassword } from "../../components/monitoring/grafana/password";
import type { DeployedResource } from "../stack/deployment";
import { reachGrafana } from "../host/reach-grafana";
import { nameOf, type Finding } from "./findings";

/** What a look into Grafana says beyond the engine's own. */
export interface GrafanaLook {
  findings: Finding[];
  /** Of a Grafana that cannot be asked: the resources that only it could tell of. */
  outOfReach: string[];
  /** Why it could not be asked from this machine. That is no difference from what was deployed. */
  notCompared?: string;
}

/** Milliseconds for which Grafana may think about a question. */
const patience = 5_000;

/** Asks the stack's Grafana, where it has one, whether it can be compared, and for the dashboards' folders. */
export async function lookIntoGrafana(resources: DeployedResource[]): Promise<GrafanaLook> {
  const reached = reachGrafana(resources);
  if (!reached) return { findings: [], outOfReach: [] };
  const { provider, url } = reached;
  const authorization = basicAuthorization(reached.auth);
  const outOfReach = resources.filter(({ type }) => type.startsWith("grafana:")).map(({ urn }) => urn);
  try {
    await requireAnswer(url);
    if (!(await refusesPassword(url, authorization)))
      return { findings: await lostFolders(resources, url, authorization), outOfReach: [] };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    return {
      ...{ findings: [], outOfReach },
      notCompared: `what Grafana shows: nobody answers at ${url} (${cause?.message ?? message})`,
    };
  }
  // urn:pulumi:STACK::PROJECT::TYPE::NAME
  const stack = provider.urn.split(":")[2]!;
  return {
    findings: [
      {
        urn: provider.urn,
        subject: "what Grafana shows",
        text: `cannot be compared: ${refusal(url, stack)}`,
        // Nothing of it is to be replaced: it is there again as soon as Grafana is.
        seenByEngine: true,
      },
    ],
    outOfReach,
  };
}

/** @throws where Grafana does not answer, or says that it is not well */
async function requireAnswer(url: string): Promise<void> {
  const { ok, status } = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(patience) });
  if (!ok) throw new Error(`its health is answered with ${status}`);
}

/** The folders are made by a hook, so the engine does not see that one is gone. */
async function lostFolders(
  resources: DeployedResource[],
  url: string,
  authorization: string,
): Promise<Finding[]> {
  const hook = resources.find(({ urn }) => nameOf(urn) === "grafana-folders");
  const { FOLDERS: told = "[]" } = (hook?.inputs.environment ?? {}) as Record<string, string>;
  const folders = JSON.parse(told) as { uid: string; title: string }[];
  const lost: Finding[] = [];
  for (const { uid, title } of folders) {
    const { ok, status } = await fetch(`${url}/api/folders/${uid}`, {
      headers: { authorization },
      signal: AbortSignal.timeout(patience),
    });
    if (status === 404) lost.push({ urn: hook!.urn, subject: `Grafana's folder ${title}`, text: "is gone" });
    else if (!ok) throw new Error(`the folder ${title} is answered with ${status}`);
  }
  return lost;
}
