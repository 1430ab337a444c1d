import { isDeepStrictEqual } from "node:util";

/** Answer to a request: its status, its content type without parameters, and its body as text. */
export interface Answer {
  status: number;
  type: string;
  body: string;
}

/** What the bot's `/health` answers when all is well. */
export const healthy: Answer = { status: 200, type: "application/json", body: '{"status": "healthy"}' };

export async function request(url: string, body?: object): Promise<Answer> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(10_000),
    ...(body && {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  const type = (response.headers.get("content-type") ?? "").split(";")[0]!;
  return { status: response.status, type, body: await response.text() };
}

/** Asks the bot through the edge until it says that all is well: a page that another service answers with does not do. */
export async function requestUntilHealthy(url: string): Promise<void> {
  await requestUntil(`${url}/health`, (answer) => isDeepStrictEqual(answer, healthy));
}

/**
 * Asks until the answer is right, for what becomes true soon after a deploy.
 *
 * @param right the status, or what looks at the whole answer
 * @param seconds how long at most
 */
export async function requestUntil(
  url: string,
  right: number | ((answer: Answer) => boolean),
  seconds = 30,
): Promise<Answer> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await request(url).catch((error: unknown) => ({
      ...{ status: 0, type: "" },
      body: String(error),
    }));
    if (typeof right === "number" ? answer.status === right : right(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${url} still answers ${answer.status}: ${answer.body}`);
    await new Promise((later) => setTimeout(later, 250));
  }
}
