/** The parts of an event in the engine's log that tell of a policy, one JSON object a line. */
interface Event {
  policyEvent?: {
    resourceUrn?: string;
    message: string;
    policyName: string;
    enforcementLevel: string;
  };
}

/** How the engine ends a preview that it refuses; why stands elsewhere. */
const nothingMore = /^(error: )*preview failed$/;

/**
 * Puts the rules of the policy pack that a preview breaks among its diagnostics: `pulumi preview --json` fails because of them
 * and does not name them.
 *
 * @param preview what `pulumi preview --json` printed
 * @param log the engine's events of the same preview
 */
export function withBrokenRules(preview: string, log: string): string {
  const broken = log
    .split("\n")
    .filter((line) => line.includes('"policyEvent"'))
    .flatMap((line) => (JSON.parse(line) as Event).policyEvent ?? [])
    .map(({ resourceUrn, message, policyName, enforcementLevel }) => {
      const resource = resourceUrn?.split("::").at(-1);
      return {
        severity: enforcementLevel === "mandatory" ? "error" : "warning",
        message: `policy ${policyName}${resource ? `, ${resource}` : ""}: ${message.trim()}`,
      };
    });
  if (broken.length === 0) return preview;
  const parsed = JSON.parse(preview) as { diagnostics?: { message: string; severity: string }[] };
  const others = (parsed.diagnostics ?? []).filter(({ message }) => !nothingMore.test(message.trim()));
  broken.sort((a, b) => (a.message < b.message ? -1 : 1));
  return JSON.stringify({ ...parsed, diagnostics: [...broken, ...others] });
}
