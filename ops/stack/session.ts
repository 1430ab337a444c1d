import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { whoAmI } from "../../host/marks/holder";
import { projectRoot } from "../../images/content";
import { dockerHostOf, findResources, resourcesInFile, type DeployedResource } from "./deployment";
import { stateFile } from "./local-state";
import { StackFile } from "./file";
import { chosenBackend, backendInWords, type Backend } from "./backend";
import { OperatorError } from "./errors";

/**
 * A stack that a command works on: where its state is, and where it runs. Made without asking anything; each part is asked
 * for when it is needed, and once.
 */
export class Session {
  readonly backend: Backend;
  private read?: { all: DeployedResource[] | undefined };

  /**
   * @param like the stack whose configuration says where this one is to run, where this one has none yet
   */
  constructor(
    readonly stack: string,
    private readonly like: string = stack,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.backend = chosenBackend(env);
  }

  /** Whether the backend knows the stack. @throws OperatorError when it cannot be asked */
  get exists(): boolean {
    const file = this.stateFile;
    return file === undefined ? this.found !== undefined : existsSync(file);
  }

  /** What was deployed last. @throws OperatorError where there is no such stack, or its state cannot be read */
  get resources(): DeployedResource[] {
    if (this.found) return this.found.filter(({ replaced }) => !replaced);
    throw new OperatorError(
      `there is no stack ${this.stack} in the state ${backendInWords(this.backend)}. Another backend may have it: pulumi login, or PULUMI_BACKEND_URL`,
    );
  }

  /** The address of the Docker host: where the stack was deployed, else where its configuration says; undefined: the default one. */
  get dockerHost(): string | undefined {
    const deployed = this.deployed();
    if (deployed.length > 0) return dockerHostOf(deployed);
    return configuredHost(this.stack) ?? configuredHost(this.like);
  }

  /** In which the Docker CLI talks to the stack's Docker host. */
  get environment(): NodeJS.ProcessEnv {
    const host = this.dockerHost;
    return host === undefined ? process.env : { ...process.env, DOCKER_HOST: host };
  }

  /** What encrypts the stack's secrets, as its file names it. */
  get secretsProvider(): string {
    const file = join(projectRoot, `Pulumi.${this.stack}.yaml`);
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    const named = /^secretsprovider: *"?([^"\s]+)/m.exec(text)?.[1];
    return (
      named ??
      (/^https?:/.test(this.backend.url) && !/^encryptionsalt:/m.test(text) ? "Pulumi Cloud" : "passphrase")
    );
  }

  /** Forgets what was read of the state, as somebody else may have changed it meanwhile. */
  forget(): void {
    this.read = undefined;
  }

  /** Which stack, where, with which state, by whom: what is said before anything changes. */
  line(): string {
    const where = this.dockerHost ?? process.env.DOCKER_HOST ?? "this machine";
    return `${this.stack} on ${where} · state ${backendInWords(this.backend)} · as ${whoAmI()}`;
  }

  private get stateFile(): string | undefined {
    return stateFile(this.stack, this.backend.url);
  }

  /** The state, asked for once. */
  private get found(): DeployedResource[] | undefined {
    return (this.read ??= { all: findResources(this.stack) }).all;
  }

  /** What there is of the stack, as far as it tells the Docker host; nothing where it was not deployed. */
  private deployed(): Pick<DeployedResource, "type" | "inputs">[] {
    const file = this.stateFile;
    // A state that was not written to its end is for `recover`, which has to find the host all the same.
    return providersIn((file === undefined ? this.found : resourcesInFile(file)) ?? []);
  }
}

/** What says on which Docker host a stack is. After `down` it has none, as it may be deployed to another then. */
const providersIn = (resources: DeployedResource[]) =>
  resources.filter(({ type }) => type === "pulumi:providers:docker");

function configuredHost(stack: string): string | undefined {
  if (!existsSync(join(projectRoot, `Pulumi.${stack}.yaml`))) return undefined;
  const host = new StackFile(stack).get("dockerHost");
  return typeof host === "string" && host !== "" ? host : undefined;
}

/** @throws OperatorError where the backend does not know the stack */
export function requireDeployed(session: Session): void {
  if (!session.exists) void session.resources;
}
