/*
 * Looks at the certificates that people get, after everything that leads to them was deployed. One that an authority has not
 * given yet is a warning, as its name may lead here later: Traefik goes on asking. A certificate of one's own that is not
 * served is an error.
 *   EDGE          id of Traefik's container
 *   PORT          its port for HTTPS
 *   HOSTS         the host names, as a JSON list
 *   PATIENCE      seconds in which they may come
 *   FINGERPRINT   of a certificate of one's own; unset: an authority gives them
 */
import {
  inWords,
  lookAtCertificates,
  reasonsIn,
  type Answered,
  type Reason,
} from "./lib/edge/certificates.mts";
import { Deadline } from "./lib/docker.mts";
import { run, variable } from "./lib/hook.mts";

/** Milliseconds between two looks. */
const pause = 1_000;
const noReasons: ReadonlyMap<string, Reason> = new Map();

await run(async () => {
  const begun = new Date();
  const edge = variable("EDGE");
  const port = Number(variable("PORT"));
  const hosts = JSON.parse(variable("HOSTS")) as string[];
  const own = process.env.FINGERPRINT;
  const deadline = new Deadline(Number(variable("PATIENCE")));
  for (;;) {
    const found = expecting(await lookAtCertificates(edge, port, hosts), own);
    const missing = found.filter(({ wrong }) => wrong);
    const reasons = missing.length === 0 || own ? noReasons : await reasonsIn(edge).catch(() => noReasons);
    // The authority has answered since the deploy began: another answer does not come by waiting.
    const refused = missing.every(
      ({ host, unanswered }) => !unanswered && (reasons.get(host)?.at ?? new Date(0)) > begun,
    );
    if (missing.length > 0 && !refused && !deadline.passed) {
      await deadline.sleep(pause);
      continue;
    }
    for (const { host, until, issuer } of found.filter(({ wrong }) => !wrong))
      console.log(`${host}: certificate of ${issuer} until ${until?.toISOString().slice(0, 10)}`);
    for (const answered of missing) console.error(`warning: ${inWords(answered, reasons)}`);
    if (missing.length > 0 && own) throw new Error("The certificate was deployed and is not served.");
    return;
  }
});

/** What is right where the certificate is one's own: that one and no other. */
function expecting(found: Answered[], own: string | undefined): Answered[] {
  if (!own) return found;
  return found.map((answered) =>
    answered.wrong || answered.fingerprint === own
      ? answered
      : { ...answered, wrong: `the edge shows another certificate under ${answered.host}` },
  );
}
