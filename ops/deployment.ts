import { execFileSync } from "node:child_process";

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

/**
 * The resources of a stack as last deployed, straight from its state.
 *
 * @throws when the CLI cannot read the stack; its message goes to standard error
 */
export function deployedResources(stack: string): DeployedResource[] {
  return allResources(stack).filter(({ replaced }) => !replaced);
}

/** Everything in a stack's state, also what was replaced and is still to be deleted. @throws as {@link deployedResources} */
export function allResources(stack: string): DeployedResource[] {
  const text = execFileSync("pulumi", ["stack", "export", "--stack", stack, "--show-secrets"], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { deployment } = JSON.parse(text) as { deployment: { resources?: ExportedResource[] } };
  return (deployment.resources ?? []).map(
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

/** The environment in which the Docker CLI talks to the stack's Docker Engine. */
export function dockerEnvironment(resources: DeployedResource[]): NodeJS.ProcessEnv {
  const host = resources.find(({ type }) => type === "pulumi:providers:docker")?.inputs.host;
  return typeof host === "string" && host !== "" ? { ...process.env, DOCKER_HOST: host } : process.env;
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
