import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** Milliseconds for which Grafana may think about who asks. */
const patience = 3_000;

/**
 * After five wrong passwords in five minutes Grafana shuts the administrator out, whoever that is
 * (https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/, security). Two are asked from here in that time,
 * so that people have some, too.
 */
const window = 5 * 60 * 1000;
const mostRefusals = 2;

/** @param auth name and password with a colon between */
export function basicAuthorization(auth: string): string {
  return `Basic ${Buffer.from(auth).toString("base64")}`;
}

/** Where this machine notes when a Grafana has refused the password. The hook that gives it the stack's own removes it. */
function notesOf(url: string): string {
  const name = createHash("sha256").update(url).digest("hex").slice(0, 12);
  return join(tmpdir(), `dating-grafana-refused-${userInfo().uid}-${name}`);
}

function recentRefusals(notes: string): number[] {
  if (!existsSync(notes)) return [];
  const times = readFileSync(notes, "utf8").split("\n").filter(Boolean).map(Number);
  return times.filter((time) => Date.now() - time < window);
}

/**
 * Whether Grafana says that the password is wrong; once it has said so twice within five minutes, it is not asked again
 * before. One that does not answer refuses nothing.
 */
export async function refusesPassword(url: string, authorization: string): Promise<boolean> {
  const notes = notesOf(url);
  const refusals = recentRefusals(notes);
  if (refusals.length >= mostRefusals) return true;
  const answer = await fetch(`${url}/api/org`, {
    headers: { authorization },
    signal: AbortSignal.timeout(patience),
  }).catch(() => undefined);
  await answer?.body?.cancel();
  const refused = answer?.status === 401;
  if (refused) writeFileSync(notes, [...refusals, Date.now()].join("\n"), { mode: 0o600 });
  else rmSync(notes, { force: true });
  return refused;
}

/** For people: what is wrong, and the command that mends it. */
export function refusal(url: string, stack: string): string {
  return (
    `Grafana at ${url} refuses the stack's password: somebody has changed it there, or it is another stack's Grafana. ` +
    `To give it the stack's again:  pulumi up --stack ${stack} --target-replace '**::grafana-administrator'`
  );
}
