import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { services } from "../../engine/support/docker";
import { requestUntilHealthy } from "../../engine/support/http";
import { describeWithAct } from "../../engine/support/machines/workflows";
import { Repository } from "../support/repository";

jest.setTimeout(1_800_000);

describeWithAct("the way of a change, on a runner", () => {
  let repository: Repository;

  beforeAll(async () => {
    repository = await Repository.create();
  });
  afterAll(() => repository?.discard());

  const imagesOf = (name: "staging" | "prod") => {
    const file = join(repository.project.directory, `Pulumi.${repository.workflows.stack(name)}.yaml`);
    return (load(readFileSync(file, "utf8")) as { config: { "dating:images": Record<string, string> } })
      .config["dating:images"];
  };

  test("what is built here is pushed, and a pull request pins it for staging and is previewed", async () => {
    const { github, registry, workflows } = repository;
    const before = imagesOf("staging");
    const push = { name: "push" as const, payload: { ref: "refs/heads/main" } };
    // GitHub's token opens the registry of GitHub.
    const settings = { secrets: { GITHUB_TOKEN: registry.password }, vars: {} };
    const { status, text } = await workflows.run("images.yml", "images", push, settings);
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("backup: ") });
    expect(github.pulls).toEqual([expect.objectContaining({ head: "raise-images", base: "main" })]);
    const inputs = { number: String(github.pulls[0]!.number) };
    expect(github.started).toEqual([{ workflow: "preview.yml", ref: "raise-images", inputs }]);
    expect(github.unknown).toEqual([]);

    expect(imagesOf("staging")).toEqual(before);
    workflows.merge("raise-images");
    const place = `${registry.host}/acme/dating`;
    const { backup, migrations, ...others } = imagesOf("staging");
    for (const [name, image] of Object.entries({ backup, migrations }))
      expect(image).toMatch(new RegExp(`^${place}/${name}:[0-9a-f]{12}@sha256:[0-9a-f]{64}$`));
    expect(before).toMatchObject(others);
  });

  test("main is deployed to staging over SSH, with few logins, and is served", async () => {
    const { status, text } = await repository.deploy("staging");
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("The application:") });
    await requestUntilHealthy(repository.url("staging"));
    const { host } = repository;
    expect(host.logins()).toBeGreaterThan(0);
    expect(host.logins()).toBeLessThanOrEqual(16 + host.refusedSessions().length);
  });

  test("a pull request's preview of what is deployed asks the state, and not the host", async () => {
    const { github, host, settings, workflows } = repository;
    const before = host.sessions();
    const { DEPLOY_SSH_KEY, REGISTRY_PASSWORD, ...secrets } = settings.secrets;
    expect([DEPLOY_SSH_KEY, REGISTRY_PASSWORD]).not.toContain(undefined);
    const event = {
      name: "pull_request" as const,
      payload: { pull_request: { number: 7, head: { repo: { full_name: "acme/dating" } } } },
    };
    repository.configure("staging", "nsfwThreshold", "0.5");
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
    workflows.git("checkout", "--quiet", "--", `Pulumi.${workflows.stack("staging")}.yaml`);
  });

  test("what staging was tested with is proposed for prod: a commit that says from which deployment", async () => {
    const { github, project, workflows } = repository;
    const { status, text } = await repository.run("promote.yml", "promote", { name: "workflow_dispatch" });
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("Committed as ") });
    const head = workflows.git("rev-parse", "HEAD");
    const message = workflows.pushedMessage("promote-to-prod");
    for (const line of [
      `Promote ${workflows.stack("staging")} to ${workflows.stack("prod")}`,
      `Promoted-From: ${workflows.stack("staging")}`,
      `Promoted-Commit: ${head}`,
    ])
      expect(message).toContain(line);
    expect(github.pulls.map(({ head: branch }) => branch)).toEqual(["raise-images", "promote-to-prod"]);
    expect(github.started.at(-1)).toMatchObject({ workflow: "preview.yml", ref: "promote-to-prod" });
    expect(imagesOf("prod")).not.toEqual(imagesOf("staging"));

    workflows.merge("promote-to-prod");
    expect(imagesOf("prod")).toEqual(imagesOf("staging"));
    const listed = project.run("./dating", ["promote", "--to", workflows.stack("prod"), "--list"]);
    expect(listed).toMatch(new RegExp(`^\\S+ .*github-actions\\[bot\\].* commit ${head}\\s*$`));
  });

  test("the plan of prod changes nothing until it is approved, and is then deployed as it is", async () => {
    expect(await repository.deploy("plan")).toMatchObject({ status: 0 });
    expect(await repository.ids("prod")).toEqual([]);
    // The approval is that the job is started.
    const { status, text } = await repository.deploy("prod");
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("The application:") });
    await requestUntilHealthy(repository.url("prod"));
    // Prod runs the very images that staging runs.
    const running = async (name: "staging" | "prod") =>
      Object.entries(await services(repository.prefix(name))).map(([service, { Image }]) => [service, Image]);
    expect((await running("prod")).sort()).toEqual((await running("staging")).sort());
  });

  test("a promotion of what prod has already proposes nothing", async () => {
    const { github } = repository;
    const { status, text } = await repository.run("promote.yml", "promote", { name: "workflow_dispatch" });
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("nothing to propose") });
    expect(github.pulls).toHaveLength(2);
  });

  test("a plan is refused where prod has changed since, and nothing is touched", async () => {
    repository.configure("prod", "nsfwThreshold", "0.6");
    repository.workflows.commit("Ask for less");
    expect(await repository.deploy("plan")).toMatchObject({ status: 0 });
    repository.project.run("./dating", ["up", repository.workflows.stack("prod")]);
    const before = await repository.ids("prod");
    const { status, text } = await repository.deploy("prod");
    expect(status).not.toBe(0);
    expect(text).toContain("not what was reviewed: nothing was changed");
    expect(await repository.ids("prod")).toEqual(before);
  });
});
