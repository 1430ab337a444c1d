import type { Answer } from "../../hooks/lib/edge/relay.mts";

/** Milliseconds for one answer from outside. */
const patience = 10_000;

/**
 * Asks for a page as people do from here. Before a preview environment there may be another stack's edge that asks for a password,
 * which stands in no output; it leaves a request with a token of the application to the application.
 *
 * @throws where there is no answer
 */
export async function askFromHere(url: string): Promise<Answer> {
  const first = await ask(url, {});
  const asksForPassword = first.headers.get("www-authenticate")?.startsWith("Basic ") ?? false;
  const response =
    first.status === 401 && asksForPassword ? await ask(url, { authorization: "Bearer smoke-test" }) : first;
  const type = (response.headers.get("content-type") ?? "").split(";")[0]!;
  return { status: response.status, type, body: await response.text() };
}

const ask = (url: string, headers: Record<string, string>) =>
  fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(patience) });
