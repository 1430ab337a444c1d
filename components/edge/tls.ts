import type * as pulumi from "@pulumi/pulumi";

import type { Config } from "../../config";
import type { DynamicConfiguration } from "./dynamic";
import { securePort } from "./ports";
import { redirectedHosts, servedHosts } from "./hosts";

/** How the edge gets its certificates, and where it serves with them. */
export interface TlsSettings {
  /** Port on the Docker host, on all interfaces. */
  httpsPort: number;
  /** Every host name that needs a certificate. */
  hosts: string[];
  source: AcmeSettings | OwnCertificate;
}

/** From an authority, by itself. */
export interface AcmeSettings {
  kind: "acme";
  /** Address of the ACME directory. */
  server: string;
  email?: string;
  /** PEM of what vouches for the ACME server's own certificate. @default the image's certificate authorities */
  caCertificate?: string;
}

/** A certificate that was given, in PEM form. */
export interface OwnCertificate {
  kind: "files";
  certificate: string;
  key: pulumi.Output<string>;
}

/** The part of a stack's configuration that is about TLS; undefined where the stack has none. */
export function tlsSettings(config: Config): TlsSettings | undefined {
  const { tls, httpsPort, acmeServer, acmeEmail, acmeCaCertificate, tlsCertificate, tlsKey } = config;
  const hosts = [...servedHosts(config), ...redirectedHosts(config)];
  if (tls === "off") return undefined;
  if (tls === "acme") {
    const source = { server: acmeServer, email: acmeEmail, caCertificate: acmeCaCertificate };
    return { httpsPort, hosts, source: { kind: tls, ...source } };
  }
  // The configuration was refused without them.
  return { httpsPort, hosts, source: { kind: tls, certificate: tlsCertificate!, key: tlsKey! } };
}

/** Where the certificates are kept; Traefik refuses a file that others may read. The deployment before had it there too. */
export const certificatePath = "/letsencrypt";
/** Below it, the certificate of one's own and its key. */
export const ownCertificate = { folder: "own", certificate: "certificate.pem", key: "key.pem" };

/** How Traefik calls what gets its certificates. */
export const resolver = "letsencrypt";

/** Traefik's options for HTTPS. The redirect leaves out the ACME challenge, which Traefik itself answers before it. */
export function tlsOptions({ httpsPort, hosts, source }: TlsSettings): string[] {
  const redirect = "--entrypoints.web.http.redirections.entrypoint";
  return [
    `--entrypoints.websecure.address=:${securePort}`,
    "--entrypoints.websecure.http.tls=true",
    // Given as a port: the entry point's own is the container's, and not the one that people reach.
    `${redirect}.to=:${httpsPort}`,
    `${redirect}.scheme=https`,
    `${redirect}.permanent=true`,
    ...(source.kind === "acme" ? acmeOptions(source, hosts) : []),
  ];
}

function acmeOptions({ server, email }: AcmeSettings, hosts: string[]): string[] {
  const acme = `--certificatesresolvers.${resolver}.acme`;
  const tls = "--entrypoints.websecure.http.tls";
  return [
    `${tls}.certresolver=${resolver}`,
    // A certificate for each: with one for all, a name that the authority cannot reach would keep it from the others.
    ...hosts.map((host, index) => `${tls}.domains[${index}].main=${host}`),
    `${acme}.storage=${certificatePath}/acme.json`,
    `${acme}.caserver=${server}`,
    `${acme}.httpchallenge.entrypoint=web`,
    ...(email ? [`${acme}.email=${email}`] : []),
  ];
}

/** What Traefik is told of a certificate of one's own. It is served under every name, as it is the only one. */
export function ownCertificateRoutes(tls: TlsSettings | undefined): DynamicConfiguration {
  if (tls?.source.kind !== "files") return {};
  const { folder, certificate, key } = ownCertificate;
  const files = {
    certFile: `${certificatePath}/${folder}/${certificate}`,
    keyFile: `${certificatePath}/${folder}/${key}`,
  };
  return { tls: { certificates: [files], stores: { default: { defaultCertificate: files } } } };
}

const caFile = "/tmp/acme-ca.pem";

/** Puts the certificate of a private authority where Traefik's ACME client looks: the variables, and the file of each. */
export function trusting(tls: TlsSettings | undefined): {
  files: Record<string, string>;
  environment: Record<string, string>;
} {
  if (tls?.source.kind !== "acme" || tls.source.caCertificate === undefined)
    return { files: {}, environment: {} };
  return {
    files: { ACME_CA: caFile },
    environment: {
      ACME_CA: tls.source.caCertificate,
      LEGO_CA_CERTIFICATES: caFile,
      LEGO_CA_SYSTEM_CERT_POOL: "true",
    },
  };
}
