import { application } from "../support/application";
import { docker, services } from "../support/docker";
import { healthy, request, requestUntil, requestUntilHealthy, type Answer } from "../support/http";
import { Load } from "../support/load";
import type { Project } from "../support/project";
import { describeSoak, soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.stack.setConfig("dating:healthTimeout", { value: "20" });
  await project.up();
});
afterAll(() => project?.discard());

const unavailable: Answer = {
  status: 503,
  type: "application/json",
  body: '{"error":"the service is not available at the moment"}',
};
const containerOf = async (service: string) => (await services(project.prefix))[service]!.Id;
const smoke = () => project.attempt("./dating", ["smoke", project.stackName, "--timeout", "1"]);

/** Changes a file of the checkout for as long as something is tried. */
async function changed(file: string, from: string, to: string, action: () => Promise<void>): Promise<void> {
  project.edit(file, from, to);
  await action().finally(() => project.edit(file, to, from));
}

const failure = () =>
  project.up().then(
    () => "",
    (error: unknown) => String(error),
  );

test("a deploy ends when everything is served: no one has to wait after it", async () => {
  expect(await request(`${url}/health`)).toEqual(healthy);
  expect(await request(`${url}/`)).toMatchObject({ status: 200, type: "text/html" });
  expect(smoke()).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("is served by what was deployed"),
  });
});

/** Signals the bot's own processes; the brackets keep the command from finding itself. */
const signal = (name: string) => [
  ...["exec", "SERVICE", "sh", "-c"],
  `for process in /proc/[0-9]*; do grep -q 'sample_bo[t]' $process/cmdline && kill -${name} \${process#/proc/}; done; true`,
];

const isAnsweredFor = (hurt: string[], heal: string[]) => {
  const toBot = async (args: string[]) => {
    const bot = await containerOf("bot");
    return docker(...args.map((argument) => (argument === "SERVICE" ? bot : argument)));
  };
  beforeAll(async () => {
    await toBot(hurt);
    // One check with all its attempts takes half a minute where nothing answers.
    await requestUntil(`${url}/health`, 503, 75);
  });
  afterAll(async () => {
    await toBot(heal);
    await requestUntilHealthy(url);
  });

  test.each(["/health", "/version", "/api/interactions/count", "/api/nothing"])(
    "is answered for with 503 and JSON at %s",
    async (path) => expect(await request(url + path)).toEqual(unavailable),
  );

  test("is answered for with 503 and JSON where something is sent to it", async () => {
    expect(await request(`${url}/api/interactions`, { user_id: 1 })).toEqual(unavailable);
  });

  test("leaves the web app as it is", async () => {
    expect(await request(`${url}/`)).toMatchObject({ status: 200, type: "text/html" });
  });

  test("is found by the smoke test, the status and the look for drift", () => {
    expect(smoke()).toMatchObject({ status: 1, stderr: expect.stringMatching(/does not serve:\n {2}bot: /) });
    expect(project.run("./dating", ["status", project.stackName])).toMatch(/Not served:\n {2}bot: /);
    expect(project.attempt("./dating", ["drift", project.stackName])).toMatchObject({
      status: 2,
      stdout: expect.stringContaining("  bot: "),
    });
  });

  test("fails the load's client", async () => {
    const load = new Load(url);
    await new Promise((later) => setTimeout(later, 1000));
    const { failures, written } = await load.stop();
    const failed = (request: string) => failures.some((failure) => failure.includes(request));
    expect(["GET /health", "POST /api/interactions", "GET /api/slow"].map(failed)).toEqual([
      true,
      true,
      true,
    ]);
    expect(["GET /version.txt", "GET / "].map(failed)).toEqual([false, false]);
    expect(written).toBe(0);
  });
};

describe("a bot that is stopped", () => isAnsweredFor(["stop", "SERVICE"], ["start", "SERVICE"]));
// Not paused by Docker, which then makes no checks either and goes on saying healthy.
describeSoak("a bot that is hanging", () => isAnsweredFor(signal("STOP"), signal("CONT")));

test("a web app that is stopped is answered for with 503 and a page, and the bot serves", async () => {
  await docker("stop", await containerOf("webapp"));
  const page = await requestUntil(`${url}/profile`, 503);
  expect(page).toMatchObject({ type: "text/html", body: expect.stringContaining("not available") });
  expect(await request(`${url}/health`)).toEqual(healthy);
  await docker("start", await containerOf("webapp"));
  await requestUntil(`${url}/`, 200);
});

test("a container that was killed a moment ago is answered for with 503, and not with Traefik's own words", async () => {
  const bot = await containerOf("bot");
  const seen = new Set<string>();
  // Docker's own time for it is as long as the machine is busy: what counts are the seconds after it.
  let end = Infinity;
  const killed = docker("kill", bot).finally(() => (end = Date.now() + 3000));
  try {
    while (Date.now() < end) {
      const { status, type } = await request(`${url}/health`);
      seen.add(`${status} ${type}`);
    }
  } finally {
    await killed;
    await docker("start", bot);
    await requestUntilHealthy(url);
  }
  expect([...seen].filter((answer) => answer !== "200 application/json")).toEqual(["503 application/json"]);
});

test("a database that is stopped is an answer with 503 and JSON", async () => {
  await docker("stop", await containerOf("postgres"));
  try {
    expect(await requestUntil(`${url}/health`, 503)).toMatchObject({ type: "application/json" });
    expect(await request(`${url}/api/interactions/count`)).toMatchObject({
      status: 503,
      type: "application/json",
    });
    expect(smoke()).toMatchObject({ status: 1, stderr: expect.stringContaining("  bot: ") });
  } finally {
    await docker("start", await containerOf("postgres"));
    await requestUntilHealthy(url);
  }
});

test("a new edge that leads nowhere, though its ping answers, gives its place back to the one before it", async () => {
  const from = "const own = `Label(\\`dating.stack\\`, \\`${stackPrefix()}\\`)`";
  await changed(
    "components/edge/front.ts",
    from,
    "const own = `Label(\\`dating.stack\\`, \\`other\\`)`",
    async () => {
      const said = await failure();
      for (const service of ["bot", "webapp"])
        expect(said).toMatch(
          new RegExp(`it does not know http://[\\d.]+:8080 \\(${project.prefix}-${service}\\)`),
        );
      expect(said).toContain("the one before it, runs again and is healthy");
    },
  );
  expect(await request(`${url}/health`)).toEqual(healthy);
  await project.up();
  expect(smoke().status).toBe(0);
});

soakTest(
  "a new edge that answers something else on its entry point fails the deploy, which says which route",
  async () => {
    const elsewhere = '"--accesslog=true",\n        "--entrypoints.web.http.redirections.entrypoint.to=:1",';
    await changed("components/edge.ts", '"--accesslog=true",', elsewhere, async () => {
      const said = await failure();
      for (const [service, path] of [
        ["bot", "/health"],
        ["webapp", "/"],
      ])
        expect(said).toMatch(
          new RegExp(
            `-${service}-\\w+ is not served by the edge: on port 8000, localhost${path} is answered with 30[128]`,
          ),
        );
    });
    await project.up();
    expect(await request(`${url}/health`)).toEqual(healthy);
    expect(smoke().status).toBe(0);
  },
);

soakTest("a route that Traefik cannot read fails the deploy with Traefik's own reason", async () => {
  await changed(
    "components/edge/routes.ts",
    "${hostRule(hosts)} && ",
    "${hostRule(hosts)} &&& ",
    async () => {
      const said = await failure();
      expect(said).toMatch(/is not served by the edge/);
      expect(said).toMatch(/Traefik says: router \S+ is disabled: .*rule/);
    },
  );
  await project.up();
  expect(await request(`${url}/health`)).toEqual(healthy);
});
