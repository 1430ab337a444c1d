import { appendFileSync } from "node:fs";
import { join } from "node:path";

import { imagesFor } from "../../../config/keys";
import { localImage } from "../../../images/content";
import { application, rowCounts, sql } from "../../engine/support/application";
import { services } from "../../engine/support/docker";
import { requestUntil, requestUntilHealthy } from "../../engine/support/http";
import { deployAndKill, expectConverged, objects, recover, spread } from "../../engine/support/killing";
import { Load } from "../../engine/support/load";
import type { Project } from "../../engine/support/project";
import { DockerHost } from "../../engine/support/machines/docker-host";

jest.setTimeout(1_800_000);

const points = Number(process.env.POINTS ?? 4);
let project: Project;
let url: string;
let host: DockerHost;
let whole: Record<string, number>;

const say = (line: string) => process.stdout.write(`${line}\n`);

beforeAll(async () => {
  ({ project, url } = await application());
  host = DockerHost.start(project.directory, [Number(new URL(url).port)]);
  host.load(imagesFor(false).map((name) => localImage(name)));
  for (const environment of [process.env, project.environment, project.stack.workspace.envVars])
    environment.DOCKER_HOST = host.address;
  await project.up();
  await requestUntilHealthy(url);
  whole = await objects(project);
});
afterAll(() => {
  host?.stop();
  delete process.env.DOCKER_HOST;
  project?.discard();
});

const users = () =>
  sql(project, "insert into users (tg_id, username) select n, 'user' || n from generate_series(1, 1000) n");

/** A deploy during which the engine dies at a point; then the way back that docs/troubleshooting.md tells. */
async function deployWhileEngineDies(what: string, point: number, events: number): Promise<void> {
  let begin = 0;
  const seen = await deployAndKill(project, point, () => {
    begin = Date.now();
    host.killEngine();
  });
  say(
    `${what}: engine killed after event ${point} of ${events}; ` +
      `the deploy ended ${(Date.now() - begin) / 1000} s later, after ${seen.at(-1)}`,
  );
  host.startEngine();
  await recover(project, url);
}

test(`a first deploy during which the Docker Engine was killed at ${points} points is recovered`, async () => {
  const purge = () => project.run("./dating", ["purge", project.stackName], `${project.stackName}\n`);
  purge();
  const events = (await deployAndKill(project)).length;
  for (const point of spread(points, events)) {
    purge();
    expect(await objects(project)).toEqual({ containers: 0, volumes: 0, networks: 0 });
    await deployWhileEngineDies("first deploy", point, events);
    await expectConverged(project, whole);
  }
});

test(`a deploy during which it was killed at ${points} points is recovered, with every row`, async () => {
  await users();
  const before = await rowCounts(project);
  project.run("./dating", ["down", project.stackName]);
  const events = (await deployAndKill(project)).length;
  for (const point of spread(points, events)) {
    project.run("./dating", ["down", project.stackName]);
    await deployWhileEngineDies("deploy", point, events);
    expect(await rowCounts(project)).toEqual(before);
    await expectConverged(project, whole);
  }
});

/** Another image of the bot, made on the host of what is there: its engine has no way to Debian's packages. */
function release(number: number): void {
  const before = localImage("bot", project.directory);
  appendFileSync(join(project.directory, "images/bot/Dockerfile"), `# release ${number}\n`);
  const after = localImage("bot", project.directory);
  host.docker(["build", "--quiet", "--tag", after, "-"], `FROM ${before}\nLABEL release=${number}\n`);
}

test(`a rollout during which it was killed at ${points} points is recovered, with every row`, async () => {
  const before = await rowCounts(project);
  release(0);
  const events = (await deployAndKill(project)).length;
  for (const [index, point] of spread(points, events).entries()) {
    release(index + 1);
    await deployWhileEngineDies("rollout", point, events);
    expect((await services(project.prefix)).bot!.Config.Image).toBe(localImage("bot", project.directory));
    expect(await rowCounts(project)).toEqual(before);
    await expectConverged(project, whole);
  }
});

test("after a power cut every service comes back by itself, with every acknowledged row", async () => {
  const before = await services(project.prefix);
  const rows = Number(await sql(project, "select count(*) from interactions"));
  const load = new Load(url);
  await new Promise((later) => setTimeout(later, 3000));
  const begin = Date.now();
  host.cutPower();
  for (;;) {
    const states = Object.values(await services(project.prefix)).map(({ State }) => State.Health?.Status);
    if (states.every((state) => state === "healthy")) break;
    expect(Date.now() - begin).toBeLessThan(120_000);
    await new Promise((later) => setTimeout(later, 500));
  }
  await requestUntilHealthy(url);
  await requestUntil(`${url}/version.txt`, 200);
  const { written } = await load.stop();
  say(`power cut: all healthy ${(Date.now() - begin) / 1000} s later, ${written} rows acknowledged`);

  const after = await services(project.prefix);
  expect(
    Object.values(after)
      .map(({ Id }) => Id)
      .sort(),
  ).toEqual(
    Object.values(before)
      .map(({ Id }) => Id)
      .sort(),
  );
  expect(written).toBeGreaterThan(50);
  expect(Number(await sql(project, "select count(*) from interactions"))).toBeGreaterThanOrEqual(
    rows + written,
  );
  await expectConverged(project, whole);
  expect((await project.up()).steps).toEqual([]);
});
