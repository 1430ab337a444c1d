import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { leastProject } from "./least-project";

/** Where the CLI finds a stack, and its configuration. */
export interface Place {
  stackName: string;
  directory: string;
  environment: NodeJS.ProcessEnv;
}

/**
 * Writes the least program that registers what a deployed stack has: the same resources under the same names with the
 * same inputs, all of them literals, and nothing of this project. A preview of it is what the engine, its providers and
 * the SDK cost by themselves.
 *
 * @returns its folder, in which `pulumi preview` finds nothing to change
 */
export function bareProgram({ stackName: stack, directory: origin, environment }: Place): string {
  const directory = leastProject("dating", program);
  const state = execFileSync("pulumi", ["stack", "export", "--stack", stack, "--show-secrets"], {
    cwd: origin,
    env: { ...process.env, ...environment },
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  // Secrets are in it.
  writeFileSync(join(directory, "state.json"), state, { mode: 0o600 });
  copyFileSync(join(origin, `Pulumi.${stack}.yaml`), join(directory, `Pulumi.${stack}.yaml`));
  return directory;
}

const program = String.raw`
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

const { deployment } = JSON.parse(readFileSync(join(__dirname, "state.json"), "utf8"));
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

for (const { urn, type, custom, inputs = {}, parent, provider, protect } of deployment.resources) {
  const name = urn.split("::").at(-1);
  const options: any = { parent: made[parent], protect };
  if (type === "pulumi:pulumi:Stack" || name.startsWith("default_")) continue;
  if (type.startsWith("pulumi:providers:")) {
    const { version, ...properties } = literal(inputs);
    made[urn] = new pulumi.ProviderResource(type.split(":").at(-1), name, properties, { ...options, version });
  } else if (!custom) {
    made[urn] = new pulumi.ComponentResource(type, name, {}, options);
  } else {
    const providerUrn = provider.slice(0, provider.lastIndexOf("::"));
    const { inputs: settings = {} } = deployment.resources.find((each: any) => each.urn === providerUrn);
    options.version = settings.version;
    options.provider = made[providerUrn];
    made[urn] = new pulumi.CustomResource(type, name, literal(inputs), options);
  }
}
`;
