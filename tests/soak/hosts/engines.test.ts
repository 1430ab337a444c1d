import { appendFileSync } from "node:fs";
import { join } from "node:path";

import { imagesFor } from "../../../config/keys";
import { localImage } from "../../../images/content";
import { application, rowCounts, sql } from "../../engine/support/application";
import { labelled, services } from "../../engine/support/docker";
import { request } from "../../engine/support/http";
import { testImage } from "../../engine/support/stores/image";
import { Load } from "../../engine/support/load";
import type { Project } from "../../engine/support/project";
import { DockerHost, type Engine } from "../../engine/support/machines/docker-host";
import { apiFloor, current, debian12, overlay2 } from "../support/engines";

/*
 * What a user relies on, on each Docker Engine that docs/hosts.md calls tried. The whole of `make test` runs on the first.
 */

jest.setTimeout(900_000);

let project: Project;
let url: string;
let host: DockerHost;

async function start(engine: Engine): Promise<void> {
  ({ project, url } = await application());
  await project.configurePath("monitoring", "true");
  const grafana = await project.stack.getConfig("dating:grafanaPort");
  host = DockerHost.start(project.directory, [Number(new URL(url).port), Number(grafana.value)], engine);
  host.load([...imagesFor(true).map((name) => localImage(name)), testImage("registry")]);
  for (const environment of [process.env, project.environment, project.stack.workspace.envVars])
    environment.DOCKER_HOST = host.address;
}

function stop(): void {
  host?.stop();
  delete process.env.DOCKER_HOST;
  project?.discard();
}

/**
 * What people get: the page, and the bot's own answers. The edge needs a moment for a new container's route, in which the
 * page answers for the bot.
 */
async function expectServed(): Promise<void> {
  const answers = async () => {
    const asked = ["/version", "/health", "/api/interactions/count", "/"];
    const bodies = await Promise.all(asked.map(async (path) => (await request(url + path)).body));
    return bodies.map((body) => (body.startsWith("<!doctype html>") ? "page" : Object.keys(parsed(body))));
  };
  const deadline = Date.now() + 30_000;
  const wanted = [["name", "version"], ["status"], ["count"], "page"];
  while (JSON.stringify(await answers()) !== JSON.stringify(wanted) && Date.now() < deadline)
    await new Promise((later) => setTimeout(later, 500));
  expect(await answers()).toEqual(wanted);
}

const parsed = (body: string) => JSON.parse(body || "{}") as object;

const drift = (...flags: string[]) => project.attempt("./dating", ["drift", project.stackName, ...flags]);

/** An unchanged deploy applies nothing, whatever is asked of the engine on the way, and nothing is other than deployed. */
async function expectNothingToDo(): Promise<void> {
  expect((await project.up()).steps).toEqual([]);
  expect((await project.up({ refresh: true })).steps).toEqual([]);
  const { status, stdout } = drift();
  expect([status, stdout]).toEqual([0, `Stack ${project.stackName} is as it was deployed.\n`]);
}

/** Another image of the bot, made on the host of what is there: its engine has no way to Debian's packages. */
function release(): void {
  const before = localImage("bot", project.directory);
  appendFileSync(join(project.directory, "images/bot/Dockerfile"), "# another release\n");
  const after = localImage("bot", project.directory);
  host.docker(["build", "--quiet", "--tag", after, "-"], `FROM ${before}\nLABEL release=next\n`);
}

/** A registry on the host's own loopback, which Docker asks without TLS and without a password. */
function startRegistry(): string {
  const settings =
    'version: 0.1\nstorage: {filesystem: {rootdirectory: /tmp/registry}}\nhttp: {addr: ":5000"}\n';
  const registry = host
    .docker([
      ...["run", "--detach", "--label", `dating.stack=${project.prefix}`, "--publish", "127.0.0.1:5000:5000"],
      ...["--env", `SETTINGS=${settings}`, testImage("registry"), "sh", "-c"],
      'printf "$SETTINGS" >/tmp/settings.yml && exec docker-registry serve /tmp/settings.yml',
    ])
    .trim();
  const listens = "for try in $(seq 100); do (: </dev/tcp/127.0.0.1/5000) && exit; sleep 0.2; done; exit 1";
  host.docker(["exec", registry, "bash", "-c", `${listens} 2>/dev/null`]);
  return registry;
}

const engines: [string, () => Engine][] = [
  ["29 with containerd's image store", () => current],
  ["29 with overlay2", () => overlay2],
  ["29 with its API from 1.44", () => apiFloor],
  ["20.10", debian12],
];

describe.each(engines)("on Docker Engine %s", (_, engine) => {
  beforeAll(() => start(engine()));
  afterAll(stop);

  test("a first deploy with monitoring is served, and every service is healthy", async () => {
    await project.up();
    await expectServed();
    const found = await services(project.prefix);
    expect(Object.values(found).filter(({ State }) => State.Health?.Status !== "healthy")).toEqual([]);
    expect(Object.keys(found).length).toBeGreaterThanOrEqual(14);
  });

  test("an unchanged deploy applies nothing", expectNothingToDo);

  test("a release under load loses no request", async () => {
    release();
    const rows = Number(await sql(project, "select count(*) from interactions"));
    const load = new Load(url);
    await new Promise((later) => setTimeout(later, 1000));
    await project.up();
    await new Promise((later) => setTimeout(later, 2000));
    const seen = await load.stop();
    expect(seen.failures).toEqual([]);
    expect(seen.sent).toBeGreaterThan(500);
    expect(Number(await sql(project, "select count(*) from interactions"))).toBe(rows + seen.written);
  });

  test("drift is found and brought back", async () => {
    const { webapp } = await services(project.prefix);
    host.docker(["rm", "--force", webapp!.Id]);
    expect(drift().status).toBe(2);
    expect(drift("--fix").status).toBe(0);
    await expectServed();
    expect(drift().status).toBe(0);
  });

  test("a backup brings back every row", async () => {
    await sql(
      project,
      "insert into users (tg_id, username) select n, 'user' || n from generate_series(1, 1000) n",
    );
    const before = await rowCounts(project);
    project.run("./dating", ["backup", "create", project.stackName, "--all-volumes"]);
    await sql(project, "delete from users where tg_id <= 1000");
    project.run("./dating", ["backup", "restore", project.stackName, "--from", project.backups, "--yes"]);
    expect(await rowCounts(project)).toEqual(before);
    await expectServed();
  });

  test("taken down and brought up again, it has its data", async () => {
    const before = await rowCounts(project);
    project.run("./dating", ["down", project.stackName]);
    expect(await labelled("container", project.prefix)).toEqual([]);
    await project.up();
    expect(await rowCounts(project)).toEqual(before);
    await expectServed();
    await expectNothingToDo();
  });

  test("an image that is pushed is pinned by the digest that the registry has", async () => {
    const registry = startRegistry();
    const pushed = project.run("./dating", [
      "images",
      "push",
      "localhost:5000/dating",
      project.stackName,
      "webapp",
    ]);
    const [reference] = /localhost:5000\/dating\/webapp:\S+@sha256:[0-9a-f]{64}/.exec(pushed)!;
    host.docker(["rmi", "--force", reference.replace(/@.*/, "")]);
    host.docker(["pull", "--quiet", reference]);
    host.docker(["rm", "--force", "--volumes", registry]);
    await project.stack.removeConfig("dating:images", false);
  });
});

describe("a host whose engine is upgraded from 20.10 to 29", () => {
  beforeAll(() => start(debian12()));
  afterAll(stop);

  test("serves on with everything that it had, and has nothing to deploy", async () => {
    await project.up();
    await expectServed();
    await sql(
      project,
      "insert into users (tg_id, username) select n, 'user' || n from generate_series(1, 1000) n",
    );
    const [rows, before] = [await rowCounts(project), await services(project.prefix)];

    host.stopEngine();
    host.startEngine(current);
    expect(host.docker(["version", "--format", "{{.Server.Version}}"])).toMatch(/^29\./);
    const deadline = Date.now() + 120_000;
    for (;;) {
      const states = Object.values(await services(project.prefix)).map(({ State }) => State.Health?.Status);
      if (states.every((state) => state === "healthy")) break;
      expect(Date.now()).toBeLessThan(deadline);
      await new Promise((later) => setTimeout(later, 500));
    }
    await expectServed();
    await expectNothingToDo();
    expect(await rowCounts(project)).toEqual(rows);
    const ids = (found: typeof before) =>
      Object.values(found)
        .map(({ Id }) => Id)
        .sort();
    expect(ids(await services(project.prefix))).toEqual(ids(before));
  });
});
