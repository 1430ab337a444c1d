import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { GitHubStandIn } from "../support/github";
import { botToken } from "../engine/support/application";
import { removeAll, services } from "../engine/support/docker";
import { requestUntilHealthy } from "../engine/support/http";
import { freePort, Project } from "../engine/support/project";
import { keyInAgent, SshHost } from "../engine/support/ssh";
import { describeWithAct, Workflows, type Settings } from "../engine/support/workflows";

jest.setTimeout(1_800_000);

describeWithAct("the way of a change, on a runner", () => {
  let project: Project;
  let github: GitHubStandIn;
  let workflows: Workflows;
  let host: SshHost;
  let settings: Settings;
  let agent: ReturnType<typeof keyInAgent>;
  const ports: Record<string, number> = {};

  beforeAll(async () => {
    project = await Project.create();
    github = await GitHubStandIn.start();
    workflows = new Workflows(project, github);
    host = await SshHost.start(project);
    // Where ssh itself looks for what is in ~, whatever HOME is.
    mkdirSync(join(homedir(), ".ssh"), { recursive: true, mode: 0o700 });
    const { key, knownHosts } = host.forPipeline(project, workflows.home);
    // Who works at a desk has the key in an agent, too, and an engine beside.
    agent = keyInAgent(key);
    Object.assign(project.environment, agent.environment);
    delete project.environment.DOCKER_HOST;
    for (const name of ["staging", "prod"] as const) {
      ports[name] = await freePort();
      const config = {
        domain: "localhost",
        localImages: "true",
        rateLimit: "0",
        httpPort: String(ports[name]),
      };
      workflows.make(name, { ...config, dockerHost: host.address }, { botToken });
    }
    workflows.commit("Configure both stacks");
    settings = {
      secrets: {
        PULUMI_CONFIG_PASSPHRASE: project.environment.PULUMI_CONFIG_PASSPHRASE!,
        DEPLOY_SSH_KEY: key,
      },
      // No other registry is there to log in to: that of GitHub cannot be reached from a test.
      vars: {
        PULUMI_BACKEND_URL: project.environment.PULUMI_BACKEND_URL!,
        DEPLOY_KNOWN_HOSTS: knownHosts,
        REGISTRY: "none.invalid",
      },
    };
  });
  afterAll(() => {
    for (const name of ["staging", "prod"] as const) if (workflows) removeAll(prefix(name));
    agent?.stop();
    host?.stop();
    github?.stop();
    project?.discard();
  });

  const prefix = (name: "staging" | "prod") => `dating-${workflows.stack(name)}`;
  const push = { name: "push" as const, payload: { ref: "refs/heads/main" } };
  const deploy = (job: "staging" | "plan" | "prod") => workflows.run("deploy.yml", job, push, settings);
  const configure = (name: "staging" | "prod", key: string, value: string) =>
    project.run("pulumi", ["config", "set", "--stack", workflows.stack(name), `dating:${key}`, value]);
  const ids = async (name: "staging" | "prod") =>
    Object.values(await services(prefix(name)))
      .map(({ Id }) => Id)
      .sort();

  test("main is deployed to staging over SSH, with few logins, and is served", async () => {
    const { status, text } = await deploy("staging");
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("The application:") });
    await requestUntilHealthy(`http://localhost:${ports.staging}`);
    expect(host.logins()).toBeGreaterThan(0);
    expect(host.logins()).toBeLessThanOrEqual(16 + host.refusedSessions().length);
  });

  test("a pull request's preview of what is deployed asks the state, and not the host", async () => {
    const before = host.sessions();
    const { DEPLOY_SSH_KEY, ...secrets } = settings.secrets;
    expect(DEPLOY_SSH_KEY).toContain("PRIVATE KEY");
    const event = {
      name: "pull_request" as const,
      payload: { pull_request: { number: 7, head: { repo: { full_name: "acme/dating" } } } },
    };
    configure("staging", "nsfwThreshold", "0.5");
    const { status } = await workflows.run(
      "preview.yml",
      "preview",
      event,
      { ...settings, secrets },
      `stack:${workflows.stack("staging")}`,
    );
    expect(status).toBe(0);
    const [comment] = github.comments;
    for (const part of ["**bot**: NSFW\\_THRESHOLD", "People notice nothing", "### Not seen", "from GitHub"])
      expect(comment!.body).toContain(part);
    expect(host.sessions()).toBe(before);
    github.comments.length = 0;
  });

  test("the plan of prod changes nothing until it is approved, and is then deployed as it is", async () => {
    expect(await deploy("plan")).toMatchObject({ status: 0 });
    expect(await ids("prod")).toEqual([]);
    // The approval is that the job is started.
    const { status, text } = await deploy("prod");
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("The application:") });
    await requestUntilHealthy(`http://localhost:${ports.prod}`);
  });

  test("a plan is refused where prod has changed since, and nothing is touched", async () => {
    configure("prod", "nsfwThreshold", "0.6");
    workflows.commit("Ask for less");
    expect(await deploy("plan")).toMatchObject({ status: 0 });
    project.run("./dating", ["up", workflows.stack("prod")]);
    const before = await ids("prod");
    const { status, text } = await deploy("prod");
    expect(status).not.toBe(0);
    expect(text).toContain("not what was reviewed: nothing was changed");
    expect(await ids("prod")).toEqual(before);
  });
});
