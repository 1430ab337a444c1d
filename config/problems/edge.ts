import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";

import type { z } from "zod";

import { edgeKeys, letsEncrypt } from "../keys/edge";
import { metaOf } from "../keys/fields";
import { setCommand, type Problem, type RawConfig } from "./index";

const edge = Object.keys(edgeKeys) as (keyof typeof edgeKeys)[];
type EdgeValues = z.output<z.ZodObject<typeof edgeKeys>>;

/** What is told of each key is right, and still they do not go together. */
export function edgeProblems(
  raw: RawConfig,
  values: EdgeValues & { monitoring: boolean; grafanaPort: number },
  now = new Date(),
): Problem[] {
  const problem = (key: (typeof edge)[number], what: string, command?: string): Problem => ({
    key: `${raw.namespace}:${key}`,
    problem: what,
    command: command ?? setCommand(raw, [key], metaOf(edgeKeys[key])),
  });
  const { tls, aliases, domain, proxyProtocol, trustedProxies } = values;
  return [
    ...portProblems(values, problem),
    ...(domain in aliases
      ? [
          problem(
            "aliases",
            `name ${domain}, which is domain itself`,
            `pulumi config rm --stack ${raw.stack} --path '${raw.namespace}:aliases["${domain}"]'`,
          ),
        ]
      : []),
    ...(proxyProtocol && trustedProxies.length === 0
      ? [problem("trustedProxies", "is missing: proxyProtocol is about the proxies that it names")]
      : []),
    ...(tls === "acme" ? acmeProblems(raw, values, problem) : []),
    ...(tls === "files" ? certificateProblems(values, problem, now) : []),
  ];
}

type Report = (key: (typeof edge)[number], what: string, command?: string) => Problem;

/** Each port of the Docker host is published once. */
function portProblems(
  { tls, httpPort, httpsPort, monitoring, grafanaPort }: Parameters<typeof edgeProblems>[1],
  problem: Report,
): Problem[] {
  const found: Problem[] = [];
  if (tls !== "off" && httpPort === httpsPort)
    found.push(problem("httpsPort", `is ${httpsPort}, and so is httpPort; with tls they must differ`));
  const taken = tls === "off" ? [httpPort] : [httpPort, httpsPort];
  if (monitoring && taken.includes(grafanaPort)) {
    const key = grafanaPort === httpPort ? "httpPort" : "httpsPort";
    found.push(problem(key, `is ${grafanaPort}, and so is grafanaPort; each service has a port of its own`));
  }
  return found;
}

/** For some names no authority issues a certificate, and for others it cannot ask. */
function acmeProblems(raw: RawConfig, values: EdgeValues, problem: Report): Problem[] {
  const { acmeServer, aliases, domain, httpPort, trustedProxies } = values;
  const off = `pulumi config set --stack ${raw.stack} ${raw.namespace}:tls off`;
  const found: Problem[] = [];
  const publicly = new URL(acmeServer).hostname.endsWith("letsencrypt.org");
  for (const [name, key] of [[domain, "domain"] as const, ...namesOf(aliases)]) {
    const why = whyNone(name, publicly);
    if (why) found.push(problem(key, `is ${name}, ${why}; tls cannot be acme`, off));
  }
  // A proxy may lead port 80 of another address here; without one, nobody answers where the authority asks.
  if (publicly && httpPort !== 80 && trustedProxies.length === 0) {
    found.push(
      problem(
        "httpPort",
        `is ${httpPort}, and ${acmeServer === letsEncrypt ? "Let's Encrypt" : "the authority"} asks on port 80 alone; set it to 80, or name the proxies that lead port 80 here in trustedProxies`,
      ),
    );
  }
  return found;
}

const namesOf = (aliases: EdgeValues["aliases"]) =>
  Object.keys(aliases).map((name) => [name, "aliases"] as const);

function whyNone(name: string, publicly: boolean): string | undefined {
  if (isIP(name)) return "an address, for which no certificate is issued by this way";
  if (/(^|\.)localhost$/.test(name)) return "which every machine takes for itself";
  if (publicly && !name.includes(".")) return "a name without a dot, for which no public authority issues";
  return undefined;
}

/** A certificate of one's own is looked at before anything is touched: people would see what is wrong with it otherwise. */
function certificateProblems(values: EdgeValues, problem: Report, now: Date): Problem[] {
  const { tlsCertificate, tlsKey, domain, aliases } = values;
  const missing = (["tlsCertificate", "tlsKey"] as const).filter((key) => values[key] === undefined);
  if (tlsCertificate === undefined || tlsKey === undefined) {
    return missing.map((key) =>
      problem(key, "is missing, and tls is files", fileCommand(problem(key, "").command, key)),
    );
  }
  const again = fileCommand(problem("tlsCertificate", "").command, "tlsCertificate");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(tlsCertificate);
  } catch {
    return [problem("tlsCertificate", "cannot be read as a certificate", again)];
  }
  const found: Problem[] = [];
  const matches = keyMatches(certificate, tlsKey);
  if (matches === undefined)
    found.push(
      problem("tlsKey", "cannot be read as a key", fileCommand(problem("tlsKey", "").command, "tlsKey")),
    );
  if (matches === false)
    found.push(
      problem(
        "tlsKey",
        "is not the key of tlsCertificate",
        fileCommand(problem("tlsKey", "").command, "tlsKey"),
      ),
    );
  if (certificate.validToDate <= now)
    found.push(problem("tlsCertificate", `has expired on ${day(certificate.validToDate)}`, again));
  if (certificate.validFromDate > now)
    found.push(problem("tlsCertificate", `is valid from ${day(certificate.validFromDate)} on only`, again));
  // As browsers do, by the names in it alone: its subject has not counted for years.
  for (const name of [domain, ...Object.keys(aliases)]) {
    if (certificate.checkHost(name, { subject: "never" }) === undefined)
      found.push(problem("tlsCertificate", `does not cover ${name}`, again));
  }
  return found;
}

function keyMatches(certificate: X509Certificate, key: string): boolean | undefined {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return undefined;
  }
}

const day = (date: Date) => date.toISOString().slice(0, 10);

/** A file is read by the CLI: neither the shell's history nor a list of processes has its content. */
function fileCommand(command: string, key: "tlsCertificate" | "tlsKey"): string {
  const [begin = ""] = command.split(" '");
  return `${begin} <${key === "tlsKey" ? "key.pem" : "certificate.pem"}`;
}
