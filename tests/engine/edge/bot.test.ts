import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { deployedApplication } from "../support/application";
import { docker, inspect, labelled, type Inspected } from "../support/docker";
import { request, requestUntilHealthy, type Answer } from "../support/http";
import type { Project } from "../support/project";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;
let bare: string;

beforeAll(async () => {
  ({ project, url } = await deployedApplication());
  await project.stack.setConfig("dating:healthTimeout", { value: "20" });
  bare = await imageWithoutCurl();
});
afterAll(() => {
  project?.discard();
  if (bare) execFileSync("docker", ["image", "rm", "--force", bare], { stdio: "ignore" });
});

/** The one that runs: a failed one is kept until the next deploy. */
async function bot(): Promise<Inspected> {
  const all = await inspect(...(await labelled("container", project.prefix)));
  const [first, ...others] = all.filter(
    ({ Config, State }) => Config.Labels["dating.service"] === "bot" && State.Status === "running",
  );
  expect(others).toEqual([]);
  return first!;
}

/** The bot's image as an application may have it. */
async function imageWithoutCurl(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "dating-image-"));
  const tag = `dating-test/bot-bare:${project.stackName}`;
  try {
    const recipe = `FROM ${(await bot()).Config.Image}\nUSER root\nRUN rm -f /usr/bin/curl /usr/bin/timeout\nUSER 10001:10001\n`;
    writeFileSync(join(folder, "Dockerfile"), recipe);
    execFileSync("docker", ["build", "--quiet", "--tag", tag, folder], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  return tag;
}

/** What happened to the bot's containers while something was done, in order: `start` and `die`. */
async function eventsDuring(action: () => Promise<unknown>): Promise<string[]> {
  const filters = [
    `label=dating.stack=${project.prefix}`,
    "label=dating.service=bot",
    "event=start",
    "event=die",
  ];
  const child = spawn("docker", [
    "events",
    "--format",
    "{{.Action}}",
    ...filters.flatMap((each) => ["--filter", each]),
  ]);
  let seen = "";
  child.stdout.on("data", (text: Buffer) => (seen += text.toString()));
  try {
    await action();
  } finally {
    child.kill();
  }
  return seen.split("\n").filter(Boolean);
}

/** Asks for the bot without a pause while something is done, and returns each kind of answer. */
async function answersDuring(action: () => Promise<unknown>): Promise<Answer[]> {
  const answers: Answer[] = [];
  let done = false;
  const asking = (async () => {
    while (!done) {
      answers.push(await request(`${url}/health`));
      await new Promise((later) => setTimeout(later, 20));
    }
  })();
  try {
    await action();
  } finally {
    done = true;
    await asking;
  }
  return answers;
}

describe("a bot of which only one may run", () => {
  beforeAll(async () => {
    await project.configurePath("botRollout", "stop-first");
    await project.up();
  });

  test("is stopped before the next one starts, and requests meanwhile are told that it is away", async () => {
    let answers: Answer[] = [];
    const events = await eventsDuring(async () => {
      await project.configurePath("nsfwThreshold", "0.8");
      answers = await answersDuring(() => project.up());
    });
    expect(events).toEqual(["die", "start"]);
    for (const { status, type } of answers) {
      expect([200, 503]).toContain(status);
      expect(type).toContain("application/json");
    }
    expect(answers.at(-1)!.status).toBe(200);
    expect((await project.up({ refresh: true })).steps).toEqual([]);
  });

  soakTest("runs again where the next one does not get healthy", async () => {
    const before = await bot();
    await project.configurePath("botEnvironment.SAMPLE_BOT_FAULT", "unhealthy");
    const error = await project.up().catch(String);
    expect(error).toMatch(/healthy[^]*the one before it, runs again and is healthy/);
    await requestUntilHealthy(url);
    expect((await bot()).Id).toBe(before.Id);
    await project.stack.removeConfig("dating:botEnvironment.SAMPLE_BOT_FAULT", true);
    expect((await project.up()).steps).not.toEqual([]);
  });

  test("may have an image with nothing in it but a shell, with a health command of its own", async () => {
    await project.configurePath("images.bot", bare);
    const asks = "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=2)";
    await project.configurePath("botHealthCommand", `python3 -c "${asks}"`);
    await project.configurePath("botWritable[0]", "/app/cache");
    await project.up();
    await requestUntilHealthy(url);
    const { Id, Config } = await bot();
    expect(Config.Image).toBe(bare);
    await docker("exec", Id, "sh", "-c", "echo kept >/app/cache/file && ! touch /app/file 2>/dev/null");
  });

  soakTest("can be one again that loses no request", async () => {
    await project.stack.removeConfig("dating:images.bot", true);
    await project.configurePath("botRollout", "start-first");
    await project.up();
    // The one before, which could not be drained, is still known to the edge for a moment.
    project.run("./dating", ["smoke", project.stackName]);
    await project.configurePath("nsfwThreshold", "0.7");
    const answers = await answersDuring(() => project.up());
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await inspect(...(await labelled("container", project.prefix)))).toHaveLength(6);
  });
});
