import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";

import { backupProblems } from "./config/problems/backup";
import { botProblems } from "./config/problems/bot";
import { edgeProblems } from "./config/problems/edge";
import { metaOf, type SecretField } from "./config/keys/fields";
import {
  imageFor,
  imagesFor,
  keys,
  type ImageName,
  type LogCollector,
  type MonitoringService,
} from "./config/keys";
import { givenPassphrase, passphraseProblems } from "./config/stack/passphrase";
import { pairProblems } from "./config/problems/pairs";
import { postgresProblems } from "./config/problems/postgres";
import { check, ConfigurationError, setCommand, type Problem, type RawConfig } from "./config/problems";
import { hasPassphrase, storedConfig } from "./config/stack/config";
import { serviceProblems } from "./config/problems/services";
import { stackNameProblems } from "./config/stack/name";
import { storageProblems } from "./config/storage";
import { swarmProblems } from "./config/problems/swarm";
import { imageNames, localImage } from "./images/content";

type Values = z.output<typeof keys>;

/** The images of monitoring. */
export type MonitoringImages = Record<Exclude<MonitoringService, LogCollector>, string> &
  Partial<Record<LogCollector, string>>;

/** A stack's configuration, complete and checked, with its secrets as they are. */
export interface PlainConfig extends Omit<Values, "images"> {
  /** The image of every service: one reference, in one form. */
  images: Record<Exclude<ImageName, MonitoringService>, string>;
  /** Those of monitoring, in a stack that has it; of the log collectors only the stack's. */
  monitoringImages?: MonitoringImages;
}

type Shape = typeof keys.shape;
type SecretName = { [K in keyof Shape]: Shape[K] extends SecretField ? K : never }[keyof Shape];

/** A value whose texts are secrets of Pulumi; the names of its parts are none. */
type Secret<T> = T extends string ? pulumi.Output<string> : { [K in keyof T]: Secret<T[K]> };
type Secrets = { [K in keyof Pick<PlainConfig, SecretName>]: Secret<PlainConfig[K]> };

/** A stack's configuration, complete and checked. */
export interface Config extends Omit<PlainConfig, SecretName>, Omit<Secrets, "alertBotToken"> {
  /** The token of whoever sends the alerts. */
  alertBotToken: pulumi.Output<string>;
}

/**
 * Checks a raw configuration as a whole.
 *
 * @throws ConfigurationError that lists all problems at once
 */
export function parseConfig(raw: RawConfig): PlainConfig {
  const { values, problems } = check(keys, raw);
  const images = resolveImages(raw);
  const all = [
    ...stackNameProblems(raw),
    ...passphraseProblems(raw),
    ...problems,
    ...images.problems,
    ...storageProblems(keys, raw),
    ...(values
      ? [
          ...edgeProblems(raw, values),
          ...botProblems(raw, values),
          ...pairProblems(raw, values),
          ...postgresProblems(raw, values),
          ...backupProblems(raw, values),
          ...swarmProblems(raw, values),
          ...serviceProblems(raw, values),
        ]
      : []),
  ];
  if (all.length > 0 || !values) throw new ConfigurationError(raw.stack, all);
  const references = images.references as Record<ImageName, string>;
  return { ...values, images: references, monitoringImages: values.monitoring ? references : undefined };
}

// Part of the SDK, but not of its declarations: the public reader of a value does not tell how it is stored.
const { isConfigSecret } = pulumi.runtime as unknown as {
  isConfigSecret: (this: void, key: string) => boolean;
};

/**
 * Reads the configuration of the stack that is being deployed.
 *
 * @throws ConfigurationError that lists all problems at once, before any resource is registered
 */
export function loadConfig(): Config {
  const namespace = pulumi.getProject();
  const values = Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([name]) => name.startsWith(`${namespace}:`))
      .map(([name, value]) => [name.slice(namespace.length + 1), value]),
  );
  const secretKeys = new Set(Object.keys(values).filter((name) => isConfigSecret(`${namespace}:${name}`)));
  const stack = pulumi.getStack();
  const stored = storedConfig(stack, namespace);
  const passphrase = hasPassphrase(stack) ? givenPassphrase() : undefined;
  const { alertBotToken, ...parsed } = parseConfig({
    namespace,
    stack,
    values,
    secretKeys,
    stored,
    passphrase,
  });
  const wrapped = Object.entries(parsed).map(([name, value]) => [
    name,
    isSecret(name) ? secretOf(value) : value,
  ]);
  return {
    ...(Object.fromEntries(wrapped) as Omit<Config, "alertBotToken">),
    alertBotToken: pulumi.secret(alertBotToken ?? parsed.botToken),
  };
}

function isSecret(name: string): boolean {
  return name in keys.shape && metaOf(keys.shape[name as keyof Shape]).secret === true;
}

function secretOf(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value === undefined ? value : pulumi.secret(value);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, secretOf(part)]));
}

/** The edge's base URL. */
export function edgeUrl(
  config: Pick<Config, "domain" | "httpPort" | "httpsPort" | "tls"> &
    Partial<Pick<Config, "behind" | "behindTls" | "behindPort">>,
): string {
  const { behind, behindTls, behindPort } = config;
  if (behind !== undefined && behindPort !== undefined)
    return edgeUrl({
      ...config,
      behind: undefined,
      tls: behindTls ?? "off",
      httpPort: behindPort,
      httpsPort: behindPort,
    });
  const [scheme, port, usual] =
    config.tls !== "off" ? ["https", config.httpsPort, 443] : ["http", config.httpPort, 80];
  return `${scheme}://${config.domain}${port === usual ? "" : `:${port}`}`;
}

const isBuilt = (name: string) => imageNames().includes(name);

/** An image for every service: the configured one, else the local one where the stack allows it. */
function resolveImages(raw: RawConfig): {
  references: Partial<Record<ImageName, string>>;
  problems: Problem[];
} {
  const references: Partial<Record<ImageName, string>> = {};
  const problems: Problem[] = [];
  const local = keys.shape.localImages.safeParse(raw.values.localImages).data;
  const configured = keys.shape.images.safeParse(raw.values.images).data;
  const postgres = keys.shape.postgresVersion.safeParse(raw.values.postgresVersion).data;
  // Values of a wrong type are reported with the other keys.
  const collector = keys.shape.logCollector.safeParse(raw.values.logCollector).data;
  if (local === undefined || configured === undefined || !postgres || !collector)
    return { references, problems };

  for (const name of imagesFor(raw.values.monitoring === "true", collector)) {
    const reference = configured[name];
    const built = imageFor(name, postgres);
    if (reference ? local || /@sha256:[0-9a-f]{64}$/.test(reference) : local && isBuilt(built)) {
      references[name] = reference ?? localImage(built);
      continue;
    }
    const key = `${raw.namespace}:images.${name}`;
    problems.push(
      reference
        ? {
            key,
            problem: "must be pinned by digest (NAME:TAG@sha256:…), as a tag can move",
            command: `make lock-images STACK=${raw.stack}`,
          }
        : {
            key,
            problem: "is missing",
            command: setCommand(raw, ["images", name], {
              description: "",
              example: `registry.example.com/dating/${name}:1.0.0@sha256:DIGEST`,
            }),
          },
    );
  }
  return { references, problems };
}
