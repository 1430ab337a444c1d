/** Answer to a request: its status and its body as text. */
export interface Answer {
  status: number;
  body: string;
}

export async function request(url: string, body?: object): Promise<Answer> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(10_000),
    ...(body && {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  return { status: response.status, body: await response.text() };
}

/** Asks until the answer has the status, for what becomes true soon after a deploy. At most 30 seconds. */
export async function requestUntil(url: string, status: number): Promise<Answer> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await request(url).catch((error: unknown) => ({ status: 0, body: String(error) }));
    if (answer.status === status) return answer;
    if (Date.now() > deadline) throw new Error(`${url} still answers ${answer.status}: ${answer.body}`);
    await new Promise((later) => setTimeout(later, 250));
  }
}
