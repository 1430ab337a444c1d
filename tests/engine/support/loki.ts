import { containerOf, docker } from "./docker";

/** A stream of log lines: its labels, and its lines with their times in nanoseconds. */
export interface LogStream {
  stream: Record<string, string>;
  values: [time: string, line: string][];
}

/** The streams that a stack's Loki has for a selector, asked from within the internal network. At most 5,000 lines. */
export async function logs(prefix: string, selector: string): Promise<LogStream[]> {
  const parameters = new URLSearchParams({ query: selector, since: "1h", limit: "5000" });
  const answer = await docker(
    ...["exec", containerOf(prefix, "prometheus"), "wget", "-q", "-O", "-"],
    `http://loki:3100/loki/api/v1/query_range?${parameters.toString()}`,
  );
  return (JSON.parse(answer) as { data: { result: LogStream[] } }).data.result;
}

/** Asks until the answer is accepted; the last answer is in the error. At most 90 seconds. */
export async function until<T>(ask: () => Promise<T>, accept: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const answer = await ask();
    if (accept(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)}`);
    await new Promise((later) => setTimeout(later, 1000));
  }
}
