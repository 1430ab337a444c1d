import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../images/content";
import { leastProject } from "./least-project";

/** Where the CLI finds a stack, and its configuration. */
export interface Place {
  stackName: string;
  directory: string;
  environment: NodeJS.ProcessEnv;
}

/** A resource as its state has it; only what is looked at here. */
export interface Registered {
  type: string;
  urn: string;
  inputs?: Record<string, unknown>;
}

/**
 * Writes the least program that registers what a deployed stack has: the same resources under the same names with the
 * same inputs, all of them literals, and the same dependencies. It loads the SDK as ours does, and has nothing else of
 * this project. What it takes is what the engine, its providers and the SDK cost by themselves.
 *
 * @param edit what of the resources it registers; @default all
 * @returns its folder, in which `pulumi preview` of all finds nothing to change
 */
export function bareProgram(
  { stackName: stack, directory: origin, environment }: Place,
  edit = (resources: Registered[]) => resources,
): string {
  const directory = leastProject("dating", program);
  const state = execFileSync("pulumi", ["stack", "export", "--stack", stack, "--show-secrets"], {
    cwd: origin,
    env: { ...process.env, ...environment },
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  const { deployment } = JSON.parse(state) as { deployment: { resources: Registered[] } };
  // Secrets are in it.
  writeFileSync(join(directory, "resources.json"), JSON.stringify(edit(deployment.resources)), {
    mode: 0o600,
  });
  copyFileSync(join(origin, `Pulumi.${stack}.yaml`), join(directory, `Pulumi.${stack}.yaml`));
  return directory;
}

const program = String.raw`
import "${projectRoot}/start/lazy-arborist";
import "${projectRoot}/start/promise-traces";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

const resources = JSON.parse(readFileSync(join(__dirname, "resources.json"), "utf8"));
const signature = "4dabf18193072939515e22adb298388d";
const made: Record<string, any> = {};

function literal(value: any): any {
  if (Array.isArray(value)) return value.map(literal);
  if (value === null || typeof value !== "object") return value;
  if (signature in value) return pulumi.secret(JSON.parse(value.plaintext));
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => key !== "__defaults").map(([key, inner]) => [key, literal(inner)]),
  );
}

for (const { urn, type, custom, inputs = {}, parent, provider, protect, dependencies = [] } of resources) {
  const name = urn.split("::").at(-1);
  const dependsOn = dependencies.map((each: string) => made[each]).filter(Boolean);
  const options: any = { parent: made[parent], protect, dependsOn };
  if (type === "pulumi:pulumi:Stack" || name.startsWith("default_")) continue;
  if (type.startsWith("pulumi:providers:")) {
    const { version, ...properties } = literal(inputs);
    made[urn] = new pulumi.ProviderResource(type.split(":").at(-1), name, properties, { ...options, version });
  } else if (!custom) {
    made[urn] = new pulumi.ComponentResource(type, name, {}, options);
  } else {
    const providerUrn = provider.slice(0, provider.lastIndexOf("::"));
    const { inputs: settings = {} } = resources.find((each: any) => each.urn === providerUrn);
    options.version = settings.version;
    options.provider = made[providerUrn];
    made[urn] = new pulumi.CustomResource(type, name, literal(inputs), options);
  }
}
`;
