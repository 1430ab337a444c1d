import { spawn } from "node:child_process";
import type { X509Certificate } from "node:crypto";
import { createInterface } from "node:readline";
import { connect } from "node:tls";

import { connectFrom, over } from "./relay.mts";
import { turn } from "../turns.mts";

/** How the edge answers by HTTPS under one host name. */
export interface Answered {
  host: string;
  /** Until when the certificate is valid; undefined where there is none for the name. */
  until?: Date;
  /** Who issued it. */
  issuer?: string;
  /** SHA-256 of the certificate, in hexadecimal with colons. */
  fingerprint?: string;
  /** What is wrong, for people; undefined where nothing is. */
  wrong?: string;
  /** No answer came, which says nothing of the certificate. */
  unanswered?: true;
}

/**
 * Looks at the certificate that the edge shows under a host name, from inside its container: no port has to be reached for it
 * from here, and the Docker host may be anywhere.
 *
 * @throws where no answer comes; the message says why
 */
export async function certificateOf(edge: string, port: number, host: string): Promise<X509Certificate> {
  const end = await turn(["exec"]);
  return shown(edge, port, host).finally(end);
}

function shown(edge: string, port: number, host: string): Promise<X509Certificate> {
  const passage = connectFrom({ from: edge, address: "127.0.0.1", port });
  const { bytes, child } = passage;
  // Who vouches for it is another question: an authority of one's own is not known here.
  const stream = connect({ socket: bytes, servername: host, rejectUnauthorized: false });
  return over<X509Certificate>(passage, (done, failed) => {
    // The program's own words, which come with its end, are better than those of the broken connection.
    stream.on("error", (error: Error) => child.once("close", () => failed(error.message)));
    stream.on("secureConnect", () => {
      const certificate = stream.getPeerX509Certificate();
      if (certificate) done(certificate);
      else failed("no certificate was shown");
      // The edge ends a connection that says its end, and with it what passes the bytes on.
      stream.end();
    });
  }).finally(() => stream.destroy());
}

/** The certificate that Traefik makes for itself when it has none. */
const none = "TRAEFIK DEFAULT CERT";

/** What a certificate means for the people who ask under the host name. */
export function judge(host: string, certificate: X509Certificate, now = new Date()): Answered {
  // Missing in one that has its names elsewhere, as those of Let's Encrypt's newer profiles.
  const { subject, issuer: issued } = certificate as Partial<X509Certificate>;
  if (subject?.includes(none)) return { host, wrong: `there is no certificate for ${host} yet` };
  const { validToDate: until, fingerprint256: fingerprint } = certificate;
  const issuer = /^(?:O|CN)=(.+)$/m.exec(issued ?? "")?.[1] ?? issued;
  const found = { host, until, issuer, fingerprint };
  if (certificate.checkHost(host, { subject: "never" }) === undefined)
    return { ...found, wrong: `the edge shows another name's certificate under ${host}` };
  if (until <= now) return { ...found, wrong: `the certificate of ${host} has expired` };
  return found;
}

/** Looks at every host name; one that cannot be asked is wrong for that reason. */
export async function lookAtCertificates(edge: string, port: number, hosts: string[]): Promise<Answered[]> {
  const found: Answered[] = [];
  for (const host of hosts) {
    found.push(
      await certificateOf(edge, port, host).then(
        (certificate) => judge(host, certificate),
        (error: Error) => ({
          ...{ host, unanswered: true as const },
          wrong: `the edge does not answer by HTTPS as ${host}: ${error.message}`,
        }),
      ),
    );
  }
  return found;
}

/** Why Traefik could not get a certificate, and when it said so. */
export interface Reason {
  at: Date;
  why: string;
}

/**
 * The last reason for each host name in Traefik's log of the last half hour, in which it has asked at least once more.
 *
 * @throws where the log cannot be read
 */
export async function reasonsIn(edge: string): Promise<Map<string, Reason>> {
  const args = ["logs", "--since", "30m", edge];
  const end = await turn(args);
  try {
    const child = spawn("docker", args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: process.env,
    });
    const reasons = new Map<string, Reason>();
    const ended = new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? 1));
    });
    const read = async (stream: NodeJS.ReadableStream) => {
      for await (const line of createInterface({ input: stream }))
        for (const [host, reason] of readReason(line)) reasons.set(host, reason);
    };
    const [code] = await Promise.all([ended, read(child.stdout), read(child.stderr)]);
    if (code !== 0) throw new Error(`docker logs ended with ${code}`);
    return reasons;
  } finally {
    end();
  }
}

/** What a line of Traefik's log says of certificates that it could not get. */
export function readReason(line: string): [string, Reason][] {
  if (!line.includes("obtain ACME certificate")) return [];
  try {
    const { domains, error, time } = JSON.parse(line) as { domains: string[]; error: string; time: string };
    return domains.map((host) => [host, { at: new Date(time), why: inShort(error) }]);
  } catch {
    return [];
  }
}

/** Without what is the same in each: the authority's own words are the last part. */
function inShort(error: string): string {
  const [, rest] = error.split(/had a problem:\s*/);
  return (rest ?? error.replace(/^unable to generate a certificate for the domains \[[^\]]*\]: /, ""))
    .replace(/\s+/g, " ")
    .trim();
}

/** For people: what is wrong, and what is known of why. */
export function inWords({ wrong, host }: Answered, reasons: ReadonlyMap<string, Reason>): string {
  const reason = reasons.get(host);
  return reason ? `${wrong}. Traefik said at ${reason.at.toISOString()}: ${reason.why}` : `${wrong}`;
}
