import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";

import { isEncrypted } from "../../config/storage";
import { lookAway } from "../../host/look";
import { secretNames } from "../stack/secret-values";
import { StackFile } from "../stack/file";

/** A resource that the program registers. */
export interface Registration {
  urn: string;
  parent: string;
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** URNs of what is to be there before it. */
  dependencies: string[];
}

/** The part of the engine's protocol that is read. */
interface Request {
  getParent(): string;
  getType(): string;
  getName(): string;
  getDependenciesList(): string[];
}

/**
 * Runs the program with a stack's configuration against mocks: nothing is asked, nothing is decrypted.
 *
 * @throws Error as the program does, when the configuration is refused
 */
export async function registrations(stack: string): Promise<Registration[]> {
  const requests: { request: Request; inputs: Record<string, unknown> }[] = [];
  const inputsOf = new Map<string, Record<string, unknown>>();
  const monitor = MockMonitor.prototype as unknown as {
    registerResource: (this: unknown, request: Request, done: unknown) => Promise<void>;
  };
  const register = monitor.registerResource;
  monitor.registerResource = async function (this: unknown, request, done) {
    await register.call(this, request, done);
    const inputs = inputsOf.get(`${request.getType()} ${request.getName()}`) ?? {};
    requests.push({ request, inputs });
  };
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const own = inputs as Record<string, unknown>;
        inputsOf.set(`${type} ${name}`, own);
        return { id: `${name}-id`, state: { name, ...own, result: "generated" } };
      },
      call: ({ inputs }) => inputs as Record<string, unknown>,
    },
    "dating",
    stack,
    true,
  );
  pulumi.runtime.setAllConfig(...configuration(new StackFile(stack)));
  lookAway();
  // Nothing is decrypted, whatever this shell has for a passphrase.
  delete process.env.PULUMI_CONFIG_PASSPHRASE;
  await import("../../index.js");
  await pulumi.runtime.disconnect();
  monitor.registerResource = register;
  return requests.map(({ request, inputs }) => ({
    urn: urnOf(stack, request),
    parent: request.getParent(),
    type: request.getType(),
    name: request.getName(),
    inputs,
    dependencies: request.getDependenciesList(),
  }));
}

function urnOf(stack: string, request: Request): string {
  const parent = request.getParent().split("::")[2];
  const prefix = parent && parent !== "pulumi:pulumi:Stack" ? `${parent}$` : "";
  return `urn:pulumi:${stack}::dating::${prefix}${request.getType()}::${request.getName()}`;
}

/** Of the right form for every secret of a stack, and nobody's. */
const placeholder = `${"1".repeat(9)}:${"A".repeat(35)}`;

/** A stack's configuration as Pulumi hands it to the program, but for its secrets; and the keys that have any. */
export function configuration(file: StackFile): [Record<string, string>, string[]] {
  const values = file.keys().map((key): [string, string] => {
    const value = withoutSecrets(file.value(key));
    return [`dating:${key}`, typeof value === "string" ? value : JSON.stringify(value)];
  });
  const encrypted = [...secretNames, ...file.keys().filter((key) => file.isSecret(key))];
  return [
    { "dating:botToken": placeholder, ...Object.fromEntries(values) },
    [...new Set(encrypted)].map((key) => `dating:${key}`),
  ];
}

function withoutSecrets(value: unknown): unknown {
  if (isEncrypted(value)) return placeholder;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutSecrets(part)]));
}
