import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { application, rowCounts } from "../support/application";
import { docker, inspect, labelled, list, services } from "../support/docker";
import { request, requestUntilHealthy } from "../support/http";
import { killTree } from "../support/processes";
import { freePort, type Project } from "../support/project";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;
const images: string[] = [];

beforeAll(async () => {
  ({ project, url } = await application());
  await project.stack.setConfig("dating:healthTimeout", { value: "20" });
  await project.up();
  await requestUntilHealthy(url);
  expect((await request(`${url}/api/interactions`, like)).status).toBe(201);
});
afterAll(() => {
  project?.discard();
  if (images.length > 0) execFileSync("docker", ["image", "rm", "--force", ...images], { stdio: "ignore" });
});

const like = { user_id: 1, target_id: 2, interaction_type: "like" };

/** Builds an image of a test's own. */
function image(name: string, dockerfile: string, flags: string[] = [], files: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "dating-image-"));
  const tag = `dating-test/${name}:${project.stackName}`;
  try {
    writeFileSync(join(folder, "Dockerfile"), dockerfile);
    for (const [file, text] of Object.entries(files))
      writeFileSync(join(folder, file), text, { mode: 0o755 });
    execFileSync("docker", ["build", "--quiet", "--tag", tag, ...flags, folder], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  images.push(tag);
  return tag;
}

/** The image of a service whose program ends at once. */
async function ending(service: "postgres"): Promise<string> {
  const used = (await services(project.prefix))[service]!.Config.Image;
  return image(`${service}-ending`, `FROM ${used}\nENTRYPOINT ["false"]\n`);
}

/** An image whose program is none of this kind of processor's, whatever the image says that it is for. */
const foreign = (name: string, ...flags: string[]) =>
  image(name, 'FROM scratch\nCOPY app /app\nENTRYPOINT ["/app"]\n', flags, {
    app: "no program of this machine",
  });

const failure = () =>
  project.up().then(
    () => "the deploy succeeded",
    (error: unknown) => String(error),
  );

/** Ids of the containers of a service, running or not. */
async function containers(service: string): Promise<{ id: string; running: boolean }[]> {
  const all = await inspect(...(await labelled("container", project.prefix)));
  return all
    .filter(({ Config }) => Config.Labels["dating.service"] === service)
    .map(({ Id, State }) => ({ id: Id, running: State.Status === "running" }));
}

/** The stack serves, with every row; the service runs in the container that ran before. */
async function expectPutBack(service: string, before: string, rows: Record<string, number>): Promise<void> {
  await requestUntilHealthy(url);
  expect((await containers(service)).filter(({ running }) => running).map(({ id }) => id)).toEqual([before]);
  expect(await rowCounts(project)).toEqual(rows);
}

/** What the next deploy still has to do for a service whose new container did not come up. */
async function expectHonestPreview(service: string): Promise<void> {
  const { steps } = await project.preview();
  expect(steps).toContain(`replace command:local:Command ${service}-healthy`);
  expect(steps).toContain(`delete-replaced docker:index/container:Container ${project.prefix}-${service}`);
}

/** A good deploy leaves one container of each service, and nothing to do. */
async function expectGoodDeploy(): Promise<void> {
  const rows = await rowCounts(project);
  await project.up();
  await requestUntilHealthy(url);
  // A service with two containers is an error of services().
  await services(project.prefix);
  expect(await rowCounts(project)).toEqual(rows);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
}

/** A deploy with a wrong image: the one before serves again, and the deploy says so. */
async function putsBack(service: "postgres" | "traefik", wrong: string, reason: RegExp): Promise<void> {
  const { [service]: before } = await services(project.prefix);
  const rows = await rowCounts(project);
  await project.configurePath(`images.${service}`, wrong);

  const said = await failure();
  expect(said).toMatch(new RegExp(`${project.prefix}-${service}-[0-9a-f]{7} is stopped\\.`));
  expect(said).toMatch(reason);
  expect(said).toContain(`${before!.Name.slice(1)}, the one before it, runs again and is healthy.`);
  await expectPutBack(service, before!.Id, rows);
  await expectHonestPreview(service);
  const drift = project.attempt("./dating", ["drift", project.stackName]);
  expect(drift.stdout + drift.stderr).toContain(
    `${before!.Name.slice(1)}, the one before it, serves. Deploy again`,
  );

  await project.stack.removeConfig(`dating:images.${service}`, true);
  await expectGoodDeploy();
}

test("Postgres whose image ends at once: the one before serves again, and the deploy says so", async () =>
  putsBack("postgres", await ending("postgres"), /was restarted \d times|has stopped/));

soakTest("Traefik whose image has a program for another processor: the one before serves again, too", () =>
  putsBack("traefik", foreign("wrong"), /exec format error|was restarted \d times|has stopped/),
);

soakTest("the same wrong image again, after a recovery too, ends as well", async () => {
  const { postgres } = await services(project.prefix);
  const rows = await rowCounts(project);
  await project.configurePath("images.postgres", await ending("postgres"));
  for (let turn = 0; turn < 2; turn++) {
    expect(await failure()).toContain("the one before it, runs again and is healthy.");
    await expectPutBack("postgres", postgres!.Id, rows);
    expect(project.run("./dating", ["recover", project.stackName])).toContain("Done. Now deploy");
    await expectPutBack("postgres", postgres!.Id, rows);
  }
  await project.stack.removeConfig("dating:images.postgres", true);
  await expectGoodDeploy();
});

test("an image of Postgres for another kind of processor is refused before anything is stopped", async () => {
  const { postgres: before } = await services(project.prefix);
  await project.configurePath("images.postgres", foreign("foreign", "--platform", "linux/arm64"));
  expect(await failure()).toMatch(/nothing was changed[^]* is for arm64, and the host is amd64/);
  expect((await services(project.prefix)).postgres!.State.StartedAt).toBe(before!.State.StartedAt);
  await project.stack.removeConfig("dating:images.postgres", true);
});

soakTest(
  "a port that another program has: Traefik serves on the one before, and on the new one when it is free",
  async () => {
    const { traefik } = await services(project.prefix);
    const rows = await rowCounts(project);
    const before = new URL(url).port;
    const port = await freePort();
    const holder = createServer().listen(port, "0.0.0.0");
    await once(holder, "listening");
    try {
      await project.stack.setConfig("dating:httpPort", { value: String(port) });
      const said = await failure();
      expect(said).toMatch(new RegExp(`${port}[^]*(address already in use|already allocated)`));
      expect(said).toContain("the one before it, runs again and is healthy.");
      await expectPutBack("traefik", traefik!.Id, rows);
      await expectHonestPreview("traefik");
    } finally {
      holder.close();
    }
    url = url.replace(before, String(port));
    await expectGoodDeploy();
  },
);

/** Deploys with a Docker CLI that begins to start the service's new container and gets no further. */
async function deployUntilStopped(service: string, hurt: (engine: number) => void): Promise<void> {
  const { [service]: before } = await services(project.prefix);
  const cli = join(project.directory, ".bin/docker");
  const working = readFileSync(cli, "utf8");
  writeFileSync(cli, working.replace("exec ", 'test "$1" != start || exec sleep 60\nexec '), { mode: 0o755 });
  try {
    const engine = spawn("pulumi", ["up", "--yes", "--skip-preview", "--stack", project.stackName], {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      stdio: "ignore",
    });
    const ended = once(engine, "exit");
    const runs = () => list("ps", "--quiet", "--no-trunc").includes(before!.Id);
    while (engine.exitCode === null && runs()) await new Promise((later) => setTimeout(later, 50));
    expect(engine.exitCode).toBeNull();
    hurt(engine.pid!);
    await ended;
  } finally {
    writeFileSync(cli, working, { mode: 0o755 });
  }
}

/** The hook of this project that switches containers. */
function runningHook(): number {
  const found = execFileSync("pgrep", ["-f", "^node .*hooks/switch.mts"], { encoding: "utf8" }).trim();
  const [pid] = found.split("\n").filter((id) => readlinkSync(`/proc/${id}/cwd`) === project.directory);
  return Number(pid);
}

soakTest(
  "a deploy that is killed between stop and start: a recovery brings the one before, and the next deploy the new one",
  async () => {
    const { postgres } = await services(project.prefix);
    const rows = await rowCounts(project);
    await project.configurePath(
      "images.postgres",
      image("postgres-next", `FROM ${postgres!.Config.Image}\nLABEL a=b\n`),
    );
    await deployUntilStopped("postgres", killTree);
    expect((await containers("postgres")).filter(({ running }) => running)).toEqual([]);

    expect(project.run("./dating", ["recover", project.stackName])).toContain(
      "postgres: no container ran, so the last one that served was started",
    );
    await expectPutBack("postgres", postgres!.Id, rows);
    await expectGoodDeploy();
    expect((await services(project.prefix)).postgres!.Config.Image).toMatch(/postgres-next/);
  },
);

soakTest("a hook that is killed between stop and start: the next deploy starts the new one", async () => {
  const { traefik } = await services(project.prefix);
  await project.configurePath(
    "images.traefik",
    image("traefik-next", `FROM ${traefik!.Config.Image}\nLABEL a=b\n`),
  );
  await deployUntilStopped("traefik", () => killTree(runningHook()));
  expect((await containers("traefik")).filter(({ running }) => running)).toEqual([]);
  await expectGoodDeploy();
  expect((await services(project.prefix)).traefik!.Config.Image).toMatch(/traefik-next/);
});

soakTest(
  "a deploy that is cancelled twice while a new Postgres does not get healthy: the one before serves again",
  async () => {
    const { postgres } = await services(project.prefix);
    const rows = await rowCounts(project);
    const { Image: used } = postgres!.Config;
    const idle = image("postgres-idle", `FROM ${used}\nENTRYPOINT ["sleep"]\nCMD ["infinity"]\n`);
    await project.configurePath("images.postgres", idle);
    await project.stack.setConfig("dating:healthTimeout", { value: "300" });
    const engine = spawn("pulumi", ["up", "--yes", "--skip-preview", "--stack", project.stackName], {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      stdio: "ignore",
    });
    const ended = once(engine, "exit");
    const other = async () =>
      (await containers("postgres")).some(({ id, running }) => running && id !== postgres!.Id);
    while (engine.exitCode === null && !(await other())) await new Promise((later) => setTimeout(later, 100));
    // The first lets the step at hand go on, the second ends it.
    engine.kill("SIGINT");
    await new Promise((later) => setTimeout(later, 1000));
    const begin = Date.now();
    engine.kill("SIGINT");
    await ended;
    await expectPutBack("postgres", postgres!.Id, rows);
    expect(Date.now() - begin).toBeLessThan(60_000);

    await project.configurePath("images.postgres", used);
    await project.stack.setConfig("dating:healthTimeout", { value: "20" });
    project.run("./dating", ["recover", project.stackName]);
    await expectGoodDeploy();
    expect(await docker("ps", "--all", "--quiet", "--filter", `ancestor=${idle}`)).toBe("");
  },
);
