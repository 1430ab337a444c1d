import type { DeployedResource } from "../deployment";
import type { Finding } from "./findings";

/** A Grafana that does not answer: what it keeps cannot be compared, and must not keep anything else from being so. */
export interface Unreachable {
  finding: Finding;
  /** The resources that only Grafana could tell of. */
  urns: string[];
}

/** Milliseconds for which Grafana may think about whether it is healthy. */
const patience = 5_000;

/** Asks the stack's Grafana, where it has one; undefined where it answers. */
export async function askGrafana(resources: DeployedResource[]): Promise<Unreachable | undefined> {
  const provider = resources.find(({ type }) => type === "pulumi:providers:grafana");
  if (!provider) return undefined;
  const url = String(provider.inputs.url);
  const healthy = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(patience) }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (healthy) return undefined;
  return {
    finding: {
      urn: provider.urn,
      subject: "what Grafana shows",
      text: `cannot be compared: nobody answers at ${url}`,
      // Nothing of it is to be replaced: it is there again as soon as Grafana is.
      seenByEngine: true,
    },
    urns: resources.filter(({ type }) => type.startsWith("grafana:")).map(({ urn }) => urn),
  };
}
