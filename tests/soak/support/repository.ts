import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { imagesFor } from "../../../config/keys";
import { botToken } from "../../engine/support/application";
import { removeAll, services } from "../../engine/support/docker";
import { freePort, Project } from "../../engine/support/project";
import { Registry } from "../../engine/support/stores/registry";
import { keyInAgent, SshHost } from "../../engine/support/machines/ssh";
import { Workflows, type Event, type Ran, type Settings } from "../../engine/support/machines/workflows";
import { GitHubStandIn } from "../../support/github";

type Name = "staging" | "prod";

/** The name below which staging's edge serves preview environments. */
export const below = "previews.example.com";

/**
 * A repository with its workflows, as a team has it: staging and prod configured on a Docker host over SSH, every image pinned by
 * digest in a registry that asks for a password, which takes the place of ghcr.io.
 */
export class Repository {
  /** What its environments have, but those for previews of pull requests. */
  readonly settings: Settings;
  readonly ports: Record<Name, number>;

  private constructor(
    readonly project: Project,
    readonly github: GitHubStandIn,
    readonly registry: Registry,
    readonly workflows: Workflows,
    readonly host: SshHost,
    private readonly agent: ReturnType<typeof keyInAgent>,
    given: { key: string; knownHosts: string; ports: Record<Name, number> },
  ) {
    this.ports = given.ports;
    this.settings = {
      secrets: {
        PULUMI_CONFIG_PASSPHRASE: project.environment.PULUMI_CONFIG_PASSPHRASE!,
        DEPLOY_SSH_KEY: given.key,
        REGISTRY_PASSWORD: registry.password,
      },
      vars: {
        PULUMI_BACKEND_URL: project.environment.PULUMI_BACKEND_URL!,
        DEPLOY_KNOWN_HOSTS: given.knownHosts,
        REGISTRY: registry.host,
      },
    };
  }

  static async create(): Promise<Repository> {
    const project = await Project.create();
    const github = await GitHubStandIn.start();
    const registry = Registry.start(project.prefix);
    const workflows = new Workflows(project, github, registry.host);
    for (const name of ["staging", "prod"] as const)
      process.once("exit", () => removeAll(`dating-${workflows.stack(name)}`));
    const host = await SshHost.start(project);
    // Where ssh itself looks for what is in ~, whatever HOME is.
    mkdirSync(join(homedir(), ".ssh"), { recursive: true, mode: 0o700 });
    const { key, knownHosts } = host.forPipeline(project, workflows.home);
    // Who works at a desk has the key in an agent, too, is logged in to the registry, and has an engine beside.
    const agent = keyInAgent(key);
    Object.assign(project.environment, agent.environment, { DOCKER_CONFIG: registry.loggedIn });
    delete project.environment.DOCKER_HOST;
    const ports = { staging: await freePort(), prod: await freePort() };
    const digests = registry.pushAll(imagesFor(false), "1.0.0");
    for (const name of ["staging", "prod"] as const) {
      const config = { domain: "localhost", rateLimit: "0", httpPort: String(ports[name]) };
      const own = {
        ...config,
        dockerHost: host.address,
        ...(name === "staging" && { previewDomain: below }),
      };
      workflows.make(name, own, { botToken });
      const images = Object.entries(digests).flatMap(([image, digest]) => [
        ...["--plaintext", `dating:images.${image}=${registry.host}/dating/${image}:1.0.0@${digest}`],
      ]);
      project.run("pulumi", ["config", "set-all", "--stack", workflows.stack(name), "--path", ...images]);
    }
    workflows.commit("Configure both stacks");
    return new Repository(project, github, registry, workflows, host, agent, { key, knownHosts, ports });
  }

  /** Runs a job with all that its environment has. */
  run(
    workflow: string,
    job: string,
    event: Event,
    more: Partial<Settings> = {},
    matrix?: string,
  ): Promise<Ran> {
    const { secrets, vars } = this.settings;
    const settings = { secrets: { ...secrets, ...more.secrets }, vars: { ...vars, ...more.vars } };
    return this.workflows.run(workflow, job, event, settings, matrix);
  }

  /** Runs a job of the way to prod, as for a commit of the main branch. */
  deploy(job: "staging" | "plan" | "prod"): Promise<Ran> {
    return this.run("deploy.yml", job, { name: "push", payload: { ref: "refs/heads/main" } });
  }

  prefix(name: Name): string {
    return `dating-${this.workflows.stack(name)}`;
  }

  url(name: Name): string {
    return `http://localhost:${this.ports[name]}`;
  }

  configure(name: Name, key: string, value: string): void {
    const stack = ["--stack", this.workflows.stack(name)];
    this.project.run("pulumi", ["config", "set", ...stack, `dating:${key}`, value]);
  }

  /** The ids of a stack's containers. */
  async ids(name: Name): Promise<string[]> {
    return Object.values(await services(this.prefix(name)))
      .map(({ Id }) => Id)
      .sort();
  }

  discard(): void {
    for (const name of ["staging", "prod"] as const) removeAll(this.prefix(name));
    this.agent.stop();
    this.host.stop();
    this.github.stop();
    this.registry.remove();
    this.project.discard();
  }
}
