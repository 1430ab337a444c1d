import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

import { stateFile } from "./local-state";
import { OperatorError } from "./errors";

/** A resource in a stack's state. Secrets among its inputs and outputs are in plain text: never print them. */
export interface DeployedResource {
  urn: string;
  type: string;
  /** What the provider calls it: a container's id, a volume's name. */
  id: string;
  inputs: Record<string, unknown>;
  /** Of the stack itself: its outputs. */
  outputs: Record<string, unknown>;
  /** URNs of what it depends on. */
  dependencies: string[];
  /** The inputs that are secret, or have a secret inside. */
  secretInputs: ReadonlySet<string>;
  /** Another one took its place, and it is still to be deleted. */
  replaced: boolean;
}

/** A resource as `pulumi stack export` has it. */
interface ExportedResource {
  urn?: string;
  type?: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  dependencies?: string[];
  delete?: boolean;
}

/** What was deployed, as Pulumi writes it down. */
interface Deployment {
  resources?: ExportedResource[];
  pending_operations?: { type: string; resource: ExportedResource }[];
}

/**
 * The resources of a stack as last deployed, straight from its state.
 *
 * @throws OperatorError when there is no such stack, or the CLI cannot read it
 */
export function deployedResources(stack: string): DeployedResource[] {
  return allResources(stack).filter(({ replaced }) => !replaced);
}

/**
 * The same for who needs no secret: those stay encrypted where the state is in a folder, which is then read as a file. To ask the
 * CLI takes as long as to look at all containers.
 *
 * @throws as {@link deployedResources}
 */
export function readableResources(stack: string): DeployedResource[] {
  const file = stateFile(stack);
  const read = file === undefined ? undefined : resourcesInFile(file);
  // One that Pulumi compresses, or has not written to its end, is for the CLI, which says so.
  return read?.filter(({ replaced }) => !replaced) ?? deployedResources(stack);
}

/** The resources in the file of a state, secrets encrypted; undefined where it is not there, or not whole. */
export function resourcesInFile(file: string): DeployedResource[] | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { checkpoint } = JSON.parse(readFileSync(file, "utf8")) as { checkpoint?: { latest?: Deployment } };
    return resourcesIn(checkpoint?.latest);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Everything in a stack's state, also what was replaced and is still to be deleted. @throws as {@link deployedResources} */
export function allResources(stack: string): DeployedResource[] {
  const found = findResources(stack);
  if (found) return found;
  throw new OperatorError(
    `there is no stack ${stack} in this state. Another backend may have it: pulumi login, or PULUMI_BACKEND_URL`,
  );
}

/** As {@link allResources}; undefined where there is no such stack. @throws OperatorError when the CLI cannot read it */
export function findResources(stack: string): DeployedResource[] | undefined {
  const text = exportOf(stack);
  if (text === undefined) return undefined;
  return resourcesIn((JSON.parse(text) as { deployment: Deployment }).deployment);
}

function resourcesIn(deployment: Deployment | undefined): DeployedResource[] {
  return (deployment?.resources ?? []).map(
    ({ urn = "", type = "", id = "", inputs = {}, outputs = {}, dependencies = [], ...rest }) => ({
      urn,
      type,
      id,
      dependencies,
      inputs: reveal(inputs) as Record<string, unknown>,
      outputs: reveal(outputs) as Record<string, unknown>,
      secretInputs: new Set(
        Object.keys(inputs).filter((name) => JSON.stringify(inputs[name]).includes(signature)),
      ),
      replaced: rest.delete ?? false,
    }),
  );
}

/** Names of what a killed deploy had begun to make: the state does not know whether it is there. */
export function pendingNames(stack: string): Set<string> {
  const { deployment } = JSON.parse(exportOf(stack) ?? '{"deployment":{}}') as { deployment: Deployment };
  return new Set(
    (deployment.pending_operations ?? []).flatMap(({ type, resource }) =>
      type === "creating" && typeof resource.inputs?.name === "string" ? [resource.inputs.name] : [],
    ),
  );
}

/** @throws OperatorError with the CLI's own words */
function exportOf(stack: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(
    "pulumi",
    ["stack", "export", "--stack", stack, "--show-secrets"],
    { encoding: "utf8", env: process.env, maxBuffer: 256 * 1024 * 1024, stdio: ["ignore", "pipe", "pipe"] },
  );
  if (error) throw error;
  if (status === 0) return stdout;
  if (/no stack named/i.test(stderr)) return undefined;
  throw new OperatorError(stderr.trim().replace(/^error: /, ""));
}

/** The address of the Docker Engine that a stack was deployed to; undefined: the one that the Docker CLI uses. */
export function dockerHostOf(resources: Pick<DeployedResource, "type" | "inputs">[]): string | undefined {
  const host = resources.find(({ type }) => type === "pulumi:providers:docker")?.inputs?.host;
  return typeof host === "string" && host !== "" ? host : undefined;
}

/** The environment in which the Docker CLI talks to the stack's Docker Engine. */
export function dockerEnvironment(resources: DeployedResource[]): NodeJS.ProcessEnv {
  const host = dockerHostOf(resources);
  return host === undefined ? process.env : { ...process.env, DOCKER_HOST: host };
}

/** Lets what asks Docker in this process, as the hooks' own code, ask the stack's Docker Engine. */
export function askDockerOf(resources: DeployedResource[]): void {
  Object.assign(process.env, dockerEnvironment(resources));
}

/** Key by which Pulumi marks a special value in its state (sdk/go/common/resource/sig). */
const signature = "4dabf18193072939515e22adb298388d";

function reveal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reveal);
  if (value === null || typeof value !== "object") return value;
  const { [signature]: special, plaintext } = value as Record<string, unknown>;
  if (special !== undefined && typeof plaintext === "string") return JSON.parse(plaintext);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, reveal(inner)]));
}
