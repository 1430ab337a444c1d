import { X509Certificate } from "node:crypto";

import * as command from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import { securePort } from "./ports";
import { guarded, secretHook, typescriptHook } from "../hook";
import { ownCertificate, type TlsSettings } from "./tls";
import type { Workload } from "../workload";

/** Puts a certificate of one's own where Traefik reads it; undefined where there is none. */
export function provideOwnCertificate(
  {
    context,
    image,
    tls,
    volume,
  }: { context: StackContext; image: string; tls?: TlsSettings; volume: docker.Volume },
  opts: pulumi.CustomResourceOptions,
): command.local.Command | undefined {
  if (tls?.source.kind !== "files") return undefined;
  const { folder, certificate: file, key: keyFile } = ownCertificate;
  const { certificate, key } = tls.source;
  return secretHook(
    "own-certificate",
    {
      create: typescriptHook("own-certificate"),
      limit: "2 minutes",
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        ...{
          NAME: `${context.prefix}-own-certificate`,
          STACK: context.prefix,
        },
        ...{ IMAGE: image, VOLUME: volume.name, FOLDER: folder },
      },
      stdin: key.apply((pem) => JSON.stringify({ [file]: certificate, [keyFile]: pem })),
    },
    opts,
  );
}

export interface CertificatesArgs {
  context: StackContext;
  tls: TlsSettings;
  edge: Workload;
  /** What was deployed: with each of these, they are looked at again. */
  releases: Workload[];
}

/** Seconds in which an authority usually answers, and Traefik reads a file again. */
const patience = 30;

/** Looks at the certificates that people get, when everything that leads to them is there. */
export class Certificates extends pulumi.ComponentResource {
  constructor(name: string, args: CertificatesArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Certificates", name, {}, opts);
    createLook(this, name, args);
    this.registerOutputs();
  }
}

function createLook(
  parent: Certificates,
  name: string,
  { context, tls, edge, releases }: CertificatesArgs,
): void {
  const { hosts, source } = tls;
  const look = guarded(typescriptHook("certificates"), "2 minutes");
  const fingerprint =
    source.kind === "files" ? new X509Certificate(source.certificate).fingerprint256 : undefined;
  new command.local.Command(
    name,
    {
      create: look,
      update: look,
      environment: {
        ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
        ...{
          EDGE: edge.release,
          PORT: String(securePort),
          HOSTS: JSON.stringify(hosts),
          PATIENCE: String(patience),
        },
        ...(fingerprint && { FINGERPRINT: fingerprint }),
      },
      triggers: [edge.release, ...releases.map(({ release }) => release)],
    },
    { parent },
  );
}
