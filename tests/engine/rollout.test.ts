import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, sql } from "./support/application";
import { services } from "./support/docker";
import { requestUntil } from "./support/http";
import { deployAndKill, recover } from "./support/killing";
import { Load } from "./support/load";
import type { Project } from "./support/project";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.stack.setConfig("dating:healthTimeout", { value: "30" });
  await project.up();
  await requestUntil(`${url}/health`, 200);
});
afterAll(() => project?.discard());

const written = async () => Number(await sql(project, "select count(*) from interactions"));

/** Makes a change under load: no request is lost, every write is there, and one container a service is left. */
async function underLoad(change: () => Promise<unknown>): Promise<void> {
  const rows = await written();
  const load = new Load(url);
  await new Promise((later) => setTimeout(later, 1000));
  await change().catch(async (error: unknown) => {
    await load.stop();
    throw error;
  });
  await new Promise((later) => setTimeout(later, 3000));
  const seen = await load.stop();

  expect(seen.failures).toEqual([]);
  expect(seen.sent).toBeGreaterThan(500);
  expect(await written()).toBe(rows + seen.written);
  expect(Object.keys(await services(project.prefix)).sort()).toEqual([
    "backup",
    "bot",
    "postgres",
    "socket-proxy",
    "traefik",
    "webapp",
  ]);
}

const newImage = (name: string) => {
  appendFileSync(join(project.directory, "images", name, "Dockerfile"), "\n# another release\n");
  project.run("ops/images", ["build", name]);
};

test.each<[string, () => Promise<void> | void]>([
  ["a new bot image", () => newImage("bot")],
  ["a changed bot setting", () => project.stack.setConfig("dating:nsfwThreshold", { value: "0.8" })],
  ["a new web app image", () => newImage("webapp")],
  [
    "a changed route",
    () => {
      const file = join(project.directory, "components/bot.ts");
      const before = readFileSync(file, "utf8");
      writeFileSync(file, before.replace("Path(`/health`)", "Path(`/health`) || Path(`/healthy`)"));
      expect(readFileSync(file, "utf8")).not.toBe(before);
    },
  ],
  ["a new memory limit", () => project.configurePath("memory.bot", "400 MiB")],
  [
    "a new database password",
    () => project.stack.setConfig("dating:databasePasswordVersion", { value: "2" }),
  ],
])("%s reaches its service without a lost request", async (_, prepare) => {
  await prepare();
  await underLoad(async () => expect((await project.up()).steps).not.toEqual([]));
});

test("a release that never gets healthy loses no request, and neither does the good one after it", async () => {
  await project.configurePath("botEnvironment.SAMPLE_BOT_FAULT", "unhealthy");
  const rows = await written();
  const load = new Load(url);
  const error = await project.up().catch((failed: unknown) => failed);
  const seen = await load.stop();
  expect(String(error)).toContain("did not become healthy within 30 seconds");
  expect(seen.failures).toEqual([]);
  expect(await written()).toBe(rows + seen.written);

  await project.stack.removeConfig("dating:botEnvironment.SAMPLE_BOT_FAULT", true);
  await underLoad(() => project.up());
});

test.each([
  ["made its container, which its state does not know yet", 2, "create-replacement", "which no deploy knows"],
  ["has yet to delete the old container", 4, "replace", "the old one is drained"],
])("a release that is killed when it %s is recovered without a lost request", async (_, events, op, said) => {
  const threshold = `0.9${events}`;
  await project.stack.setConfig("dating:nsfwThreshold", { value: threshold });
  await underLoad(async () => {
    const seen = await deployAndKill(project, events);
    expect(seen).toContain(`end of ${op} ${project.prefix}-bot`);
    expect(seen).not.toContain("end of create-replacement bot-healthy");
    expect(await recover(project, url)).toContain(said);
  });
  expect((await services(project.prefix)).bot!.Config.Env).toContain(`NSFW_THRESHOLD=${threshold}`);
});
