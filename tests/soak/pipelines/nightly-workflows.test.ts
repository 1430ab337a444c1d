import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { containerOf, docker, labelled, removeAll, services } from "../../engine/support/docker";
import { requestUntilHealthy } from "../../engine/support/http";
import { ask } from "../../engine/support/https";
import { describeWithAct } from "../../engine/support/machines/workflows";
import { below, Repository } from "../support/repository";

jest.setTimeout(1_800_000);

describeWithAct("what is deployed, as the workflows look after it", () => {
  let repository: Repository;
  /** Names are the Docker host's, so the number is nobody else's. */
  const number = 1_000_000 + process.pid;
  const environment = `dating-preview-pr-${number}`;

  beforeAll(async () => {
    repository = await Repository.create();
    process.once("exit", () => removeAll(environment));
    expect(await repository.deploy("staging")).toMatchObject({ status: 0 });
  });
  afterAll(() => {
    if (repository) removeAll(environment);
    repository?.discard();
  });

  describe("each night", () => {
    let heartbeats: Server;
    let heard = 0;

    beforeAll(async () => {
      heartbeats = createServer((_, response) => {
        heard++;
        response.end();
      });
      await new Promise<void>((listening) => heartbeats.listen(0, "127.0.0.1", listening));
    });
    afterAll(() => heartbeats?.close());

    const look = () => {
      const { port } = heartbeats.address() as AddressInfo;
      const secrets = { HEARTBEAT_URL: `http://127.0.0.1:${port}/` };
      const stack = `stack:${repository.workflows.stack("staging")}`;
      return repository.run("drift.yml", "drift", { name: "schedule" }, { secrets }, stack);
    };
    const container = (service: string) => containerOf(repository.prefix("staging"), service);
    const allHealthy = async () => {
      const deadline = Date.now() + 60_000;
      for (;;) {
        const found = Object.values(await services(repository.prefix("staging")));
        if (found.every(({ State }) => State.Health?.Status === "healthy")) return;
        if (Date.now() > deadline) throw new Error("staging does not come back");
        await new Promise((later) => setTimeout(later, 500));
      }
    };

    test("a stack that is as it was deployed has no issue, and it is heard that somebody looked", async () => {
      const { status, text } = await look();
      expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("is as it was deployed") });
      expect([repository.github.issues, heard]).toEqual([[], 1]);
    });

    test("drift opens an issue, more of it updates that one, and its end closes it", async () => {
      const { github, workflows } = repository;
      const title = `Drift in the stack ${workflows.stack("staging")}`;
      await docker("stop", container("webapp"));
      expect(await look()).toMatchObject({ status: 0 });
      expect(github.issues).toEqual([
        expect.objectContaining({ title, state: "open", body: expect.stringContaining("webapp") }),
      ]);
      const [{ number: opened, body }] = github.issues as [(typeof github.issues)[number]];
      expect(body).not.toMatch(/\bbot\b/);

      await docker("stop", container("bot"));
      expect(await look()).toMatchObject({ status: 0 });
      expect(github.issues).toEqual([
        expect.objectContaining({ number: opened, state: "open", body: expect.stringMatching(/\bbot\b/) }),
      ]);

      for (const service of ["webapp", "bot"]) await docker("start", container(service));
      await allHealthy();
      expect(await look()).toMatchObject({ status: 0 });
      expect(github.issues).toEqual([expect.objectContaining({ number: opened, state: "closed" })]);
      expect(github.comments).toEqual([expect.objectContaining({ issue: opened })]);
      github.comments.length = 0;
      expect([heard, github.unknown]).toEqual([4, []]);
    });
  });

  describe("for a pull request with the label `preview`", () => {
    const password = "correct-horse-battery";
    const host = `pr-${number}.${below}`;
    const headers = { authorization: `Basic ${Buffer.from(`preview:${password}`).toString("base64")}` };
    const look = (more: Record<string, string> = headers) =>
      ask(host, repository.ports.staging, "/health", undefined, more);
    const event = (action: string, state = "open") => ({
      name: "pull_request" as const,
      payload: {
        action,
        number,
        pull_request: {
          ...{ number, state, labels: [{ name: "preview" }] },
          ...{ head: { ref: "change", repo: { full_name: "acme/dating" } }, base: { ref: "main" } },
        },
        repository: { full_name: "acme/dating", name: "dating", owner: { login: "acme" } },
      },
    });
    const secrets = { PREVIEW_PASSWORD: password };
    const run = (job: string, given: ReturnType<typeof event>) =>
      repository.run("environment.yml", job, given, { secrets });
    const containers = () => labelled("container", environment);

    test("an environment is made behind staging's edge, with the link below the pull request", async () => {
      const { status, text } = await run("make", event("labeled"));
      expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining(`http://${host}:`) });
      expect((await look()).body).toBe('{"status": "healthy"}');
      expect((await look({})).status).toBe(401);
      expect(repository.github.comments).toEqual([
        expect.objectContaining({ issue: number, body: expect.stringContaining(`http://${host}:`) }),
      ]);
      expect(text + repository.github.comments[0]!.body).not.toContain(password);
    });

    test("the next commit brings it up to date, and its comment is the same", async () => {
      const before = await containers();
      repository.configure("staging", "nsfwThreshold", "0.4");
      repository.workflows.commit("Ask for less");
      expect(await run("make", event("synchronize"))).toMatchObject({ status: 0 });
      expect((await look()).body).toBe('{"status": "healthy"}');
      expect(await containers()).not.toEqual(before);
      expect(
        await docker("inspect", "--format", "{{.Config.Env}}", containerOf(environment, "bot")),
      ).toContain("NSFW_THRESHOLD=0.4");
      expect(repository.github.comments).toHaveLength(1);
    });

    test("the night leaves what is not a week old", async () => {
      const before = await containers();
      const { status, text } = await repository.run("environment.yml", "expire", { name: "schedule" });
      expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining("nothing to remove") });
      expect(await containers()).toEqual(before);
    });

    test("it goes with the pull request, with its data, and the comment says so", async () => {
      expect(await run("remove", event("closed", "closed"))).toMatchObject({ status: 0 });
      for (const kind of ["container", "network", "volume"] as const)
        expect(await labelled(kind, environment)).toEqual([]);
      expect((await look()).status).toBe(404);
      expect(repository.github.comments).toEqual([
        expect.objectContaining({
          issue: number,
          body: expect.stringContaining("## No preview environment"),
        }),
      ]);
      expect(repository.github.unknown).toEqual([]);
      await requestUntilHealthy(repository.url("staging"));
    });

    test("a pull request that never had one is closed without a word", async () => {
      repository.github.comments.length = 0;
      expect(await run("remove", event("closed", "closed"))).toMatchObject({ status: 0 });
      expect(repository.github.comments).toEqual([]);
    });

    test("without its password none is made, and it is said which secret is missing and where", async () => {
      const given = { secrets: { PREVIEW_PASSWORD: "" } };
      const { status, text } = await repository.run("environment.yml", "make", event("labeled"), given);
      expect(status).not.toBe(0);
      expect(text).toContain("set PREVIEW_PASSWORD");
      expect(await containers()).toEqual([]);
    });
  });
});
