import { botToken } from "../support/application";
import type { DockerHost } from "../support/machines/docker-host";
import { healthy, request } from "../support/http";
import { Load } from "../support/load";
import { freePort, Project } from "../support/project";
import { soakTest } from "../support/soak";
import { digests, initSwarm, swarmHost } from "../support/machines/swarm";

jest.setTimeout(600_000);

let project: Project;
let host: DockerHost;
let url: string;

beforeAll(async () => {
  project = await Project.create();
  const port = await freePort();
  url = `http://localhost:${port}`;
  const images = digests();
  host = swarmHost(project, [port]);
  await project.configure(
    {
      ...{ orchestrator: "swarm", dockerHost: host.address, domain: "localhost", httpPort: String(port) },
      ...{ rateLimit: "0", images: JSON.stringify(images), healthTimeout: "120" },
      botCommand: JSON.stringify(["python3", "-m", "sample_bot"]),
      replicas: JSON.stringify({ webapp: 2 }),
    },
    { botToken },
  );
});
afterAll(() => {
  host?.stop();
  project?.discard();
});

const label = () => `${project.prefix}.data`;
const service = (name: string) => `${project.prefix}-${name}`;

/** The one that the swarm has of a service, as Docker tells it. */
const specOf = (name: string) =>
  JSON.parse(host.docker(["service", "inspect", "--format", "{{json .Spec}}", service(name)])) as {
    Labels: Record<string, string>;
    TaskTemplate: { ContainerSpec: { Env: string[] } };
  };

const failure = () =>
  project.up().then(
    () => "",
    (error: unknown) => String(error),
  );

const isServed = async () => {
  expect(await request(`${url}/health`)).toEqual(healthy);
  expect(await request(`${url}/version`)).toMatchObject({ status: 200, type: "application/json" });
  expect(await request(`${url}/`)).toMatchObject({
    ...{ status: 200, type: "text/html" },
    body: expect.stringMatching(/^<!doctype html>/i),
  });
  expect(await request(`${url}/version.txt`)).toMatchObject({ status: 200, type: "text/plain" });
};

test("an engine that is in no swarm, and one without the label for the data, take no deploy", async () => {
  const without = await failure();
  expect(without).toContain("the engine is in no swarm");
  expect(without).toContain("docker swarm init --advertise-addr");
  initSwarm(host);
  const unlabelled = await failure();
  expect(unlabelled).toContain(`no node has the label ${label()}=yes`);
  const [, command] = /docker (node update --label-add \S+ \S+)/.exec(unlabelled)!;
  host.docker(command!.split(" "));
});

test("a first deploy ends when each route is served, and leaves nothing to do", async () => {
  await project.up();
  await isServed();
  expect((await project.preview()).steps).toEqual([]);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
});

test("nobody who may ask the swarm for its services reads a secret", () => {
  const told = ["bot", "postgres", "backup"].map((name) => JSON.stringify(specOf(name))).join("");
  expect(told).not.toContain(botToken);
  expect(told).not.toMatch(/postgresql\+asyncpg|PASSWORD=/);
  const names = specOf("bot").TaskTemplate.ContainerSpec.Env.map((pair) => pair.split("=")[0]);
  expect(names).not.toContain("BOT_TOKEN");
});

test("a release of the bot loses no request", async () => {
  await project.stack.setConfig("dating:nsfwThreshold", { value: "0.8" });
  const load = new Load(url);
  await project.up();
  const seen = await load.stop();
  expect(seen.failures).toEqual([]);
  expect(seen.sent).toBeGreaterThan(500);
  expect(specOf("bot").TaskTemplate.ContainerSpec.Env).toContain("NSFW_THRESHOLD=0.8");
});

test("a smoke test asks every task as a deploy does, and says which service does not serve", () => {
  const smoke = (...more: string[]) => project.attempt("./dating", ["smoke", project.stackName, ...more]);
  expect(smoke()).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/by what was deployed: .*bot.*webapp/),
  });
  host.docker(["service", "scale", "--detach", `${service("webapp")}=0`]);
  const without = smoke("--timeout", "5");
  expect(without.stderr).toMatch(/does not serve:\n {2}\S*webapp/);
  expect(without.status).toBe(1);
  host.docker(["service", "scale", `${service("webapp")}=2`]);
  expect(smoke().status).toBe(0);
});

test("a command runs in the container of what is on the node that is asked", () => {
  const exec = (...words: string[]) => project.attempt("./dating", ["exec", ...words]);
  const psql = ["--", "psql", "--username", "postgres", "--tuples-only", "--command", "select 40 + 2"];
  expect(exec(project.stackName, "postgres", ...psql)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("42"),
  });
  expect(exec(project.stackName, "nothing", "--", "true").stderr).toContain(
    "no task of nothing runs on the node whose engine is asked",
  );
});

test("what does not work on a swarm yet is refused before anything is touched", () => {
  for (const words of [
    ["drift", project.stackName],
    ["rollback", project.stackName, "--yes"],
    ["backup", "list", project.stackName],
  ]) {
    const { status, stderr } = project.attempt("./dating", words);
    expect(stderr).toContain("does not work yet on a stack with dating:orchestrator swarm");
    expect(status).toBe(3);
  }
});

soakTest(
  "status tells each service's tasks, logs what they wrote, and Alembic runs beside the database",
  () => {
    const { status, stdout } = project.attempt("./dating", ["status", project.stackName]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}webapp +2\/2 /m);
    const logs = project.run("./dating", ["logs", project.stackName, "postgres", "--tail", "all"]);
    expect(logs).toContain("database system is ready to accept connections");
    expect(project.run("./dating", ["alembic", project.stackName, "current"])).toContain("(head)");
  },
);

soakTest("down removes the services, and leaves the data", () => {
  project.run("./dating", ["down", project.stackName, "--yes"]);
  expect(host.docker(["service", "ls", "--quiet"])).toBe("");
  expect(host.docker(["volume", "ls", "--format", "{{.Name}}"])).toContain(`${project.prefix}_postgres_data`);
});
