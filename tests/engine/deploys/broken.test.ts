import { application } from "../support/application";
import { labelled, services } from "../support/docker";
import { healthy, request, requestUntilHealthy } from "../support/http";
import type { Project } from "../support/project";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.stack.setConfig("dating:healthTimeout", { value: "20" });
  await project.up();
});
afterAll(() => project?.discard());

test("a bot that never gets healthy fails the deploy in time, with its name and its last log lines", async () => {
  const before = await services(project.prefix);
  await project.configurePath("botEnvironment.SAMPLE_BOT_FAULT", "unhealthy");

  const failure = await project.up().then(
    () => "",
    (error: unknown) => String(error),
  );

  expect(failure).toMatch(
    new RegExp(`${project.prefix}-bot-[0-9a-f]{7} did not become healthy within 20 seconds`),
  );
  expect(failure).toContain("Its last log lines:");
  expect(failure).toMatch(/"event_type": ?"/);
  // The release before goes on serving.
  expect(await request(`${url}/health`)).toEqual(healthy);
  expect(await labelled("container", project.prefix)).toContain(before.bot?.Id);
});

test("the next good deploy mends it, and leaves one bot", async () => {
  await project.stack.removeConfig("dating:botEnvironment.SAMPLE_BOT_FAULT", true);
  await project.up();
  await requestUntilHealthy(url);
  expect(Object.keys(await services(project.prefix)).sort()).toEqual([
    "backup",
    "bot",
    "postgres",
    "socket-proxy",
    "traefik",
    "webapp",
  ]);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
});
