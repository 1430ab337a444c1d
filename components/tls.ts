import type { Config } from "../config";

/** How the edge gets its certificate, and where it serves with it. */
export interface TlsSettings {
  /** Port on the Docker host, on all interfaces. */
  httpsPort: number;
  /** Address of the ACME directory. */
  server: string;
  email?: string;
  /** PEM of what vouches for the ACME server's own certificate. @default the image's certificate authorities */
  caCertificate?: string;
}

/** The part of a stack's configuration that is about TLS; undefined where the stack has none. */
export function tlsSettings(config: Config): TlsSettings | undefined {
  const { tls, httpsPort, acmeServer, acmeEmail, acmeCaCertificate } = config;
  if (tls === "off") return undefined;
  return { httpsPort, server: acmeServer, email: acmeEmail, caCertificate: acmeCaCertificate };
}

/** Where the certificates are kept; Traefik refuses a file that others may read. The deployment before had it there too. */
export const certificatePath = "/letsencrypt";

export const securePort = 8443;
const resolver = "letsencrypt";

/** Traefik's options for HTTPS. The redirect leaves out the ACME challenge, which Traefik itself answers before it. */
export function tlsOptions({ httpsPort, server, email }: TlsSettings): string[] {
  const acme = `--certificatesresolvers.${resolver}.acme`;
  const redirect = "--entrypoints.web.http.redirections.entrypoint";
  return [
    `--entrypoints.websecure.address=:${securePort}`,
    `--entrypoints.websecure.http.tls.certresolver=${resolver}`,
    // Given as a port: the entry point's own is the container's, and not the one that people reach.
    `${redirect}.to=:${httpsPort}`,
    `${redirect}.scheme=https`,
    `${redirect}.permanent=true`,
    `${acme}.storage=${certificatePath}/acme.json`,
    `${acme}.caserver=${server}`,
    `${acme}.httpchallenge.entrypoint=web`,
    ...(email ? [`${acme}.email=${email}`] : []),
  ];
}

const caFile = "/tmp/acme-ca.pem";

/** Puts the certificate of a private authority where Traefik's ACME client looks: nothing can be put into a read-only container. */
export function trusting(caCertificate: string | undefined) {
  if (caCertificate === undefined) return { wrap: <T>(options: T[]) => options, environment: undefined };
  return {
    wrap: <T>(options: T[]) => [
      ...["sh", "-c", `printf "%s\\n" "$ACME_CA" >${caFile} && exec traefik "$@"`, "traefik"],
      ...options,
    ],
    environment: {
      ACME_CA: caCertificate,
      LEGO_CA_CERTIFICATES: caFile,
      LEGO_CA_SYSTEM_CERT_POOL: "true",
    },
  };
}
