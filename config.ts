import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";

import { metaOf } from "./config/fields";
import { imagesFor, keys, type ImageName, type MonitoringService } from "./config/keys";
import { check, ConfigurationError, setCommand, type Problem, type RawConfig } from "./config/problems";
import { localImage } from "./images/content";

type Values = z.output<typeof keys>;

/** A stack's configuration, complete and checked, with its secrets as they are. */
export interface PlainConfig extends Omit<Values, "images"> {
  /** The image of every service: one reference, in one form. */
  images: Record<Exclude<ImageName, MonitoringService>, string>;
  /** Those of monitoring, in a stack that has it. */
  monitoringImages?: Record<MonitoringService, string>;
}

/** A stack's configuration, complete and checked. */
export interface Config extends Omit<
  PlainConfig,
  "alertBotToken" | "botToken" | "databasePassword" | "jwtSecret"
> {
  /** The token of whoever sends the alerts. */
  alertBotToken: pulumi.Output<string>;
  botToken: pulumi.Output<string>;
  databasePassword?: pulumi.Output<string>;
  jwtSecret?: pulumi.Output<string>;
}

/**
 * Checks a raw configuration as a whole.
 *
 * @throws ConfigurationError that lists all problems at once
 */
export function parseConfig(raw: RawConfig): PlainConfig {
  const { values, problems } = check(keys, raw);
  const images = resolveImages(raw);
  const all = [...problems, ...images.problems, ...(values ? portProblems(raw, values) : [])];
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
  const parsed = parseConfig({ namespace, stack: pulumi.getStack(), values, secretKeys });
  const { databasePassword, jwtSecret } = parsed;
  return {
    ...parsed,
    alertBotToken: pulumi.secret(parsed.alertBotToken ?? parsed.botToken),
    botToken: pulumi.secret(parsed.botToken),
    databasePassword: databasePassword === undefined ? undefined : pulumi.secret(databasePassword),
    jwtSecret: jwtSecret === undefined ? undefined : pulumi.secret(jwtSecret),
  };
}

/** HTTPS needs a port of its own beside the one on which HTTP leads there. */
function portProblems(raw: RawConfig, { tls, httpPort, httpsPort }: Values): Problem[] {
  if (tls === "off" || httpPort !== httpsPort) return [];
  return [
    {
      key: `${raw.namespace}:httpsPort`,
      problem: `is ${httpsPort}, and so is httpPort; with tls they must differ`,
      command: setCommand(raw, ["httpsPort"], metaOf(keys.shape.httpsPort)),
    },
  ];
}

/** The edge's base URL. */
export function edgeUrl(config: Pick<Config, "domain" | "httpPort" | "httpsPort" | "tls">): string {
  const [scheme, port, usual] =
    config.tls === "acme" ? ["https", config.httpsPort, 443] : ["http", config.httpPort, 80];
  return `${scheme}://${config.domain}${port === usual ? "" : `:${port}`}`;
}

/** An image for every service: the configured one, else the local one where the stack allows it. */
function resolveImages(raw: RawConfig): {
  references: Partial<Record<ImageName, string>>;
  problems: Problem[];
} {
  const references: Partial<Record<ImageName, string>> = {};
  const problems: Problem[] = [];
  const local = keys.shape.localImages.safeParse(raw.values.localImages).data;
  const configured = keys.shape.images.safeParse(raw.values.images).data;
  // Values of a wrong type are reported with the other keys.
  if (local === undefined || configured === undefined) return { references, problems };

  for (const name of imagesFor(raw.values.monitoring === "true")) {
    const reference = configured[name];
    if (local || (reference && /@sha256:[0-9a-f]{64}$/.test(reference))) {
      references[name] = reference ?? localImage(name);
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
