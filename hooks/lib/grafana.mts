import { variable } from "./hook.mts";

/** What Grafana answered with an error. */
export class GrafanaRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the stack's Grafana.
 *   GRAFANA_URL    where this machine reaches it
 *   GRAFANA_AUTH   name and password of its administrator, with a colon between
 *
 * @returns undefined where Grafana does not have that
 * @throws GrafanaRefused
 */
export async function askGrafana<T>(method: string, path: string, body?: object): Promise<T | undefined> {
  const url = variable("GRAFANA_URL");
  const authorization = `Basic ${Buffer.from(variable("GRAFANA_AUTH")).toString("base64")}`;
  const answer = await fetch(`${url}/api/${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  }).catch((error: Error & { cause?: Error }) => {
    throw new Error(`Grafana at ${url} does not answer: ${error.cause?.message ?? error.message}`);
  });
  if (answer.status === 404) return undefined;
  const text = await answer.text();
  if (!answer.ok)
    throw new GrafanaRefused(
      answer.status,
      `Grafana at ${url} answers ${method} ${path} with ${answer.status}: ${text}`,
    );
  // Older ones answer a deletion with nothing.
  return (text === "" ? {} : JSON.parse(text)) as T;
}
