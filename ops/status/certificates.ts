import { inWords, lookAtCertificates, reasonsIn, type Reason } from "../../hooks/lib/edge/certificates.mts";
import type { DeployedResource } from "../stack/deployment";

/** What people get by HTTPS, a line a host name; none where the stack has no HTTPS. Asks the stack's Docker host. */
export async function certificateLines(resources: DeployedResource[]): Promise<string[]> {
  const look = resources.find(
    ({ urn }) => urn.endsWith("::certificates") && urn.includes("command:local:Command"),
  );
  if (!look) return [];
  const { EDGE, PORT, HOSTS } = look.inputs.environment as Record<"EDGE" | "PORT" | "HOSTS", string>;
  const found = await lookAtCertificates(EDGE, Number(PORT), JSON.parse(HOSTS) as string[]);
  const reasons = found.some(({ wrong }) => wrong)
    ? await reasonsIn(EDGE).catch(() => new Map<string, Reason>())
    : new Map<string, Reason>();
  return found.map((answered) =>
    answered.wrong
      ? `HTTPS:           WARNING: ${inWords(answered, reasons)}`
      : `HTTPS:           ${answered.host} until ${answered.until?.toISOString().slice(0, 10)} (${answered.issuer})`,
  );
}
