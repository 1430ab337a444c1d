import { z } from "zod";

import { bytes, flag, integer, key, list, pairs, pemCertificates, secretKey, text, webUrl } from "./fields";
import { isRange } from "../ranges";

/** A host name as DNS has it, in lower case; each of its parts has 63 characters at most. */
export const hostName =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** The directory of the authority that most stacks use; it asks for its challenge on port 80 alone. */
export const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** What becomes of a further host name. */
export const aliasUses = ["serve", "redirect"] as const;
export type AliasUse = (typeof aliasUses)[number];

/** The configuration keys that are about the edge: its names, its ports, its certificates, what it lets through. */
export const edgeKeys = {
  domain: key(text(hostName, "must be a host name"), {
    description: "Host name under which the edge serves the application.",
    example: "dating.example.com",
  }),
  aliases: key(
    pairs(hostName, "must be a host name", z.enum(aliasUses, "must be serve or redirect")).default({}),
    {
      description:
        "Further host names, each with `serve` (the application as under `domain`) or `redirect` (leads to `domain`).",
      example: "redirect",
    },
  ),
  httpPort: key(integer(1, 65535).default(80), {
    description: "Port of the edge on the Docker host, on all interfaces.",
    example: "80",
  }),
  ipv6: key(flag().default(true), {
    description:
      "Listen on the Docker host's IPv6 addresses, too. `false` for a host whose kernel has no IPv6.",
    example: "false",
  }),
  tls: key(z.enum(["off", "acme", "files"], "must be off, acme or files").default("off"), {
    description:
      "`acme`: the edge gets a certificate for each of its host names by itself. `files`: it has `tlsCertificate`. With both it serves HTTPS, and HTTP leads there. `off`: HTTP only, for development.",
    example: "acme",
  }),
  httpsPort: key(integer(1, 65535).default(443), {
    description: "Port of the edge for HTTPS, on all interfaces, where `tls` is not `off`.",
    example: "443",
  }),
  tlsCertificate: key(pemCertificates().optional(), {
    description:
      "The certificate of one's own, where `tls` is `files`, in PEM form, followed by those that lead to its authority. It covers `domain` and every alias.",
    example: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
  }),
  tlsKey: secretKey(
    text(
      /^-----BEGIN ((RSA|EC) )?PRIVATE KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END ((RSA|EC) )?PRIVATE KEY-----\s*$/,
      "must be one private key in PEM form, without a passphrase",
    ).optional(),
    { description: "The key of `tlsCertificate`, in PEM form." },
  ),
  acmeEmail: key(text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "must be an e-mail address").optional(), {
    description: "Where the certificate authority writes to about the account.",
    example: "ops@example.com",
  }),
  acmeServer: key(webUrl().default(letsEncrypt), {
    description:
      "The certificate authority's ACME directory. It asks for each host name on port 80 (HTTP-01 challenge).",
    example: "https://acme-staging-v02.api.letsencrypt.org/directory",
  }),
  acmeCaCertificate: key(pemCertificates(1).optional(), {
    description: "What vouches for the ACME server's own certificate, where that is a private one.",
    example: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
  }),
  trustedProxies: key(
    list(
      z
        .string("must be a range of addresses")
        .refine(isRange, "must be an address or a range of addresses, as in 203.0.113.0/24 or 2001:db8::/32"),
    ).default([]),
    {
      description:
        "Addresses of the proxies before the edge, whose `X-Forwarded-For` says who asks. Default: nobody is believed.",
      example: "203.0.113.0/24",
      list: true,
    },
  ),
  proxyProtocol: key(flag().default(false), {
    description: "The `trustedProxies` say who asks by the PROXY protocol, and not by `X-Forwarded-For`.",
    example: "false",
  }),
  requestTimeout: key(integer(10, 86_400).default(300), {
    description:
      "Seconds that a request may take to arrive, with its body. 5 MB at 50 kB/s take 100. The answer may take as long as it needs.",
    example: "300",
  }),
  maxRequestBody: key(bytes("1 KiB", "1 GiB").default("20 MiB"), {
    description:
      "Biggest body of a request; a bigger one is answered with 413. One that does not say its length is collected first, and may have 16 MiB at most.",
    example: "20 MiB",
  }),
  maxRequestHeaders: key(bytes("4 KiB", "1 MiB").default("32 KiB"), {
    description: "Biggest headers of a request, all together; bigger ones are answered with 431.",
    example: "32 KiB",
  }),
  rateLimit: key(integer(0, 1_000_000).default(100), {
    description:
      "Requests a second that a client address may make of each service for long; more are answered with 429. An IPv6 client counts by its /64. `0`: any number.",
    example: "100",
  }),
  rateLimitBurst: key(integer(1, 1_000_000).default(400), {
    description:
      "Requests that a client address may make at once beyond `rateLimit`, as many people behind one do.",
    example: "400",
  }),
};
