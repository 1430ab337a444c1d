import { request, type IncomingMessage } from "node:http";
import { request as secureRequest } from "node:https";
import type { TLSSocket } from "node:tls";

/** An answer of a server on this machine under a host name that no DNS knows. */
export interface NamedAnswer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
  /** Serial number of the server's certificate. */
  serial?: string;
}

/** For a server whose certificate nobody vouches for. */
export const anyCertificate = Symbol("any certificate");

/**
 * Asks a server on loopback as `host`.
 *
 * @param more further headers
 * @param trust what vouches for the server's certificate, in PEM form; one that does not fit rejects. Default: plain HTTP.
 */
export function ask(
  host: string,
  port: number,
  path: string,
  trust?: string | typeof anyCertificate,
  more: Record<string, string> = {},
): Promise<NamedAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path,
      headers: { host, ...more },
      timeout: 10_000,
      agent: false as const,
    };
    const onAnswer = (answer: IncomingMessage) => {
      const serial = trust ? (answer.socket as TLSSocket).getPeerCertificate().serialNumber : undefined;
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => (body += part));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, serial }),
      );
    };
    const verified = typeof trust === "string" ? { ca: trust } : { rejectUnauthorized: false };
    const sent = trust
      ? secureRequest({ ...options, servername: host, ...verified }, onAnswer)
      : request(options, onAnswer);
    sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`no answer from ${host}:${port}`)));
    sent.end();
  });
}

/** Asks until the answer has the status. At most 60 seconds. */
export async function askUntil(status: number, ...where: Parameters<typeof ask>): Promise<NamedAnswer> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await ask(...where).catch((error: unknown) => String(error));
    if (typeof answer !== "string" && answer.status === status) return answer;
    if (Date.now() > deadline) throw new Error(`${where[0]}: ${JSON.stringify(answer)}`);
    await new Promise((later) => setTimeout(later, 250));
  }
}
