import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { imageNames } from "../../config";
import { localImage } from "../../images/content";
import { botToken } from "./support/application";
import { docker, labelled, services } from "./support/docker";
import { requestUntil } from "./support/http";
import { freePort, Project } from "./support/project";
import { Registry } from "./support/registry";

jest.setTimeout(600_000);

let project: Project;
let registry: Registry;
let digests: Record<string, string>;
let url: string;

beforeAll(async () => {
  project = await Project.create();
  registry = Registry.start(project.prefix);
  project.environment.DOCKER_CONFIG = registry.loggedIn;
  digests = registry.pushLocal([...imageNames], "1.0.0");
  const port = await freePort();
  url = `http://localhost:${port}`;
  const images = Object.fromEntries(
    imageNames.map((name) => [name, `${registry.host}/dating/${name}:1.0.0`]),
  );
  await project.configure(
    { domain: "localhost", httpPort: String(port), images: JSON.stringify(images) },
    { botToken },
  );
});
afterAll(() => {
  project?.discard();
  registry?.remove();
});

const lockImages = (...args: string[]) => project.attempt("ops/lock-images", [project.stackName, ...args]);

function configuredImages(): Record<string, string> {
  const file = readFileSync(join(project.directory, `Pulumi.${project.stackName}.yaml`), "utf8");
  return (load(file) as { config: { "dating:images": Record<string, string> } }).config["dating:images"];
}

/** Runs a part of a test as somebody who is not logged in to the registry. */
async function loggedOut(part: () => unknown): Promise<void> {
  project.environment.DOCKER_CONFIG = registry.loggedOut;
  project.stack.workspace.envVars.DOCKER_CONFIG = registry.loggedOut;
  try {
    await part();
  } finally {
    project.environment.DOCKER_CONFIG = registry.loggedIn;
    project.stack.workspace.envVars.DOCKER_CONFIG = registry.loggedIn;
  }
}

describe("locking images", () => {
  test("a stack whose images are not pinned is refused, with the command that pins them", async () => {
    await expect(project.preview()).rejects.toThrow(`make lock-images STACK=${project.stackName}`);
  });

  test("needs the registry's password: without it nothing is written, and what to do is said", () =>
    loggedOut(() => {
      const { status, stderr } = lockImages();
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringContaining(`docker login ${registry.host}`),
      });
      expect(Object.values(configuredImages()).filter((image) => image.includes("@"))).toEqual([]);
    }));

  test("pins every image to the digest that was pushed, and keeps the tag", () => {
    expect(lockImages()).toMatchObject({ status: 0, stderr: "" });
    expect(configuredImages()).toEqual(
      Object.fromEntries(
        imageNames.map((name) => [name, `${registry.host}/dating/${name}:1.0.0@${digests[name]}`]),
      ),
    );
    expect(lockImages("--check")).toMatchObject({ status: 0 });
  });

  test("tells what is newer, and follows a tag that moved only when it is told to", () => {
    const pinned = configuredImages();
    const moved = registry.push("debian:bookworm-slim", "dating/webapp:1.0.0");
    registry.push("debian:bookworm-slim", "dating/bot:1.1.0");

    const { status, stdout } = lockImages("--check");
    expect(status).toBe(2);
    expect(stdout).toContain(`1.0.0 points to another image now (${moved})`);
    expect(stdout).toMatch(/^bot: .* newer: 1\.1\.0$/m);
    expect(stdout).toMatch(/^postgres: .* is up to date$/m);

    lockImages();
    expect(configuredImages()).toEqual(pinned);
    lockImages("--update", "webapp");
    expect(configuredImages().webapp).toMatch(new RegExp(`:1.0.0@${moved}$`));

    registry.push(localImage("webapp"), "dating/webapp:1.0.0");
    lockImages("--update", "webapp");
    expect(configuredImages()).toEqual(pinned);
  });
});

describe("a deploy by digest from a registry that asks for a password", () => {
  test("without the password fails before anything is touched", () =>
    loggedOut(async () => {
      await expect(project.up()).rejects.toThrow(/cannot be pulled to the Docker host; nothing was changed/);
      for (const kind of ["container", "network", "volume"] as const) {
        // The registry of this test carries the stack's label too.
        expect(await labelled(kind, project.prefix)).toHaveLength(kind === "container" ? 1 : 0);
      }
    }));

  test("pulls each image, and an unchanged deploy is foretold as one", async () => {
    await project.up();
    expect((await requestUntil(`${url}/health`, 200)).status).toBe(200);
    const running = await docker(
      ...["container", "ls", "--filter", `label=dating.stack=${project.prefix}`],
      ...["--filter", "label=dating.service", "--format", "{{.Image}}"],
    );
    for (const image of running.split("\n")) expect(image).toMatch(/:1\.0\.0(@sha256:[0-9a-f]{64})?$/);
    for (const refresh of [false, true]) expect((await project.preview({ refresh })).steps).toEqual([]);
    // The password is nobody's business but the Docker CLI's.
    expect(readFileSync(project.stateFile, "utf8")).not.toContain(registry.password);
  });

  test("a moved tag changes nothing", async () => {
    const before = await services(project.prefix);
    registry.push("debian:bookworm-slim", "dating/webapp:1.0.0");
    expect((await project.up({ refresh: true })).steps).toEqual([]);
    expect((await services(project.prefix)).webapp?.Id).toBe(before.webapp?.Id);
  });
});
