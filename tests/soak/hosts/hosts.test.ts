import { chmodSync } from "node:fs";

import { imagesFor } from "../../../config/keys";
import { localImage } from "../../../images/content";
import { application } from "../../engine/support/application";
import { containerOf, inspect, services } from "../../engine/support/docker";
import { requestUntil, requestUntilHealthy } from "../../engine/support/http";
import { freePort, type Project } from "../../engine/support/project";
import { DockerHost, type Engine } from "../../engine/support/machines/docker-host";

jest.setTimeout(1_200_000);

let project: Project;
let url: string;
let host: DockerHost;

/** A host of its own with the images of the application, and a project that deploys to it. */
async function start(engine: Engine): Promise<void> {
  ({ project, url } = await application());
  // The users that an engine maps to have to find its data.
  chmodSync(project.directory, 0o711);
  host = DockerHost.start(project.directory, [Number(new URL(url).port)], engine);
  host.load(imagesFor(false).map((name) => localImage(name)));
  await project.configurePath("dockerHost", host.address);
  process.env.DOCKER_HOST = host.address;
}

function stop(): void {
  host?.stop();
  delete process.env.DOCKER_HOST;
  project?.discard();
}

const doctor = () => project.attempt("./dating", ["doctor", project.stackName]);

async function expectServed(): Promise<void> {
  await requestUntilHealthy(url);
  await requestUntil(`${url}/`, 200);
  for (const { State } of Object.values(await services(project.prefix))) {
    expect(State.Health?.Status).toBe("healthy");
  }
}

async function expectUnchanged(): Promise<void> {
  expect((await project.preview()).steps).toEqual([]);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
}

describe("an engine that maps users to others of the host, and keeps containers alive over its restart", () => {
  beforeAll(() =>
    start({
      options: ["--userns-remap", "nobody:nogroup", "--live-restore"],
      // This machine's own files stay as they are.
      prepare:
        "printf 'nobody:100000:65536\\nnogroup:100000:65536\\n' >/run/ids && mount --bind /run/ids /etc/subuid && mount --bind /run/ids /etc/subgid",
    }),
  );
  afterAll(stop);

  test("is told by the doctor before the first deploy", () => {
    const { stdout, status } = doctor();
    expect(stdout).toContain("note: the engine maps containers' users to others of the host");
    expect(stdout).toContain("live-restore");
    expect(stdout).toContain("Nothing speaks against a deploy.");
    expect(status).toBe(0);
  });

  test("serves the stack: only the socket proxy keeps the host's users", async () => {
    await project.up();
    await expectServed();
    const found = await services(project.prefix);
    const host = await inspect(...Object.values(found).map(({ Id }) => Id));
    const modes = host.map((container) => (container.HostConfig as { UsernsMode?: string }).UsernsMode);
    expect(modes.filter((mode) => mode === "host")).toHaveLength(1);
    expect((found["socket-proxy"]!.HostConfig as { UsernsMode?: string }).UsernsMode).toBe("host");
    await expectUnchanged();
  });

  test("and after its restart under live containers, a new release is served", async () => {
    const before = await services(project.prefix);
    host.stopEngine();
    host.startEngine();
    await requestUntilHealthy(url);
    expect((await services(project.prefix)).postgres!.State.StartedAt).toBe(before.postgres!.State.StartedAt);
    await project.stack.setConfig("dating:nsfwThreshold", { value: "0.6" });
    await project.up();
    expect((await services(project.prefix)).bot!.Id).not.toBe(before.bot!.Id);
    await expectServed();
    await expectUnchanged();
  });
});

describe("an engine with few ranges, other defaults and no proxy of its own", () => {
  beforeAll(() =>
    start({
      options: [
        ...["--icc=false", "--userland-proxy=false", "--log-driver", "local"],
        // One for Docker's own network, and three for the stack's.
        ...["--default-address-pool", "base=10.210.0.0/22,size=24"],
      ],
    }),
  );
  afterAll(stop);

  test("serves the stack", async () => {
    await project.up();
    await expectServed();
    await expectUnchanged();
  });

  test("refuses another stack that it has no addresses and no port for, before anything is touched", async () => {
    const other = await application();
    try {
      await other.project.configurePath("dockerHost", host.address);
      await other.project.stack.setConfig("dating:httpPort", { value: new URL(url).port });
      const failure = await other.project.up().then(
        () => "deployed",
        (error: Error) => error.message,
      );
      expect(failure).toContain("cannot take this deploy, for 2 reasons; nothing was changed.");
      expect(failure).toContain("the engine has addresses for 0 more networks, and the stack makes 3");
      expect(failure).toContain(`is published by the container ${containerOf(project.prefix, "traefik")}`);
      const resources = await other.project.stack.exportStack();
      expect((resources.deployment as { resources?: unknown[] }).resources ?? []).toHaveLength(1);

      const { status, stdout } = other.project.attempt("./dating", ["doctor", other.project.stackName]);
      expect(stdout).toContain("A deploy would be refused.");
      expect(status).toBe(1);

      // Both are mended as it was said.
      await other.project.stack.setConfig("dating:httpPort", { value: String(await freePort()) });
      await other.project.stack.setConfig("dating:networkRange", { value: "198.18.99.0/24" });
      expect((await other.project.preview()).steps).not.toEqual([]);
    } finally {
      other.project.discard();
    }
  });
});
