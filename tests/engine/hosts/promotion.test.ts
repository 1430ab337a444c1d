import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { imagesFor } from "../../../config/keys";
import { localImage } from "../../../images/content";
import { botToken } from "../support/application";
import { docker, labelled, removeAll, services } from "../support/docker";
import { requestUntil, requestUntilHealthy } from "../support/http";
import { freePort, Project } from "../support/project";
import { Registry } from "../support/stores/registry";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

const imageNames = imagesFor(false);
let project: Project;
let registry: Registry;
let digests: Record<string, string>;
let url: string;

beforeAll(async () => {
  project = await Project.create();
  registry = Registry.start(project.prefix);
  project.environment.DOCKER_CONFIG = registry.loggedIn;
  digests = registry.pushAll(imageNames, "1.0.0");
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
  if (project) removeAll(`${project.prefix}-prod`);
  project?.discard();
  registry?.remove();
});

const lockImages = (...args: string[]) =>
  project.attempt("./dating", ["images", "lock", project.stackName, ...args]);

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
    const moved = registry.push("debian:trixie-slim", "dating/webapp:1.0.0");
    registry.push("debian:trixie-slim", "dating/bot:1.1.0");

    const { status, stdout } = lockImages("--check");
    expect(status).toBe(2);
    expect(stdout).toContain(`1.0.0 points to another image now (${moved})`);
    expect(stdout).toMatch(/^bot: .* newer: 1\.1\.0$/m);
    expect(stdout).toMatch(/^postgres: .* is up to date$/m);

    lockImages();
    expect(configuredImages()).toEqual(pinned);
    lockImages("--update", "webapp");
    expect(configuredImages().webapp).toMatch(new RegExp(`:1.0.0@${moved}$`));

    registry.push(registry.image("webapp"), "dating/webapp:1.0.0");
    lockImages("--update", "webapp");
    expect(configuredImages()).toEqual(pinned);
  });
});

describe("pushing images", () => {
  const push = () =>
    project.attempt("./dating", ["images", "push", `${registry.host}/Pushed`, project.stackName, "webapp"]);

  test("pins what was built here to the digest under which the registry has it", async () => {
    const before = configuredImages();
    const { status, stdout } = push();
    expect(status).toBe(0);
    const { webapp } = configuredImages();
    const place = registry.host.replaceAll(".", "\\.");
    expect(webapp).toMatch(new RegExp(`^${place}/pushed/webapp:[0-9a-f]{12}@sha256:[0-9a-f]{64}$`));
    expect(stdout).toContain(`webapp: ${webapp}`);
    expect(registry.docker("manifest", "inspect", "--insecure", webapp!)).toContain("sha256:");
    await project.configurePath("images.webapp", before.webapp!);
    expect(configuredImages()).toEqual(before);
  });

  test("pins an image that was pulled, one platform of several, to what the registry got of it", async () => {
    const before = configuredImages();
    // With content of its own, so that the image of the checkout stays what it is.
    const file = join(project.directory, "images/webapp/html/style.css");
    const kept = readFileSync(file, "utf8");
    appendFileSync(file, "/* pulled */\n");
    const local = localImage("webapp", project.directory);
    await docker("tag", await registry.pullList(registry.image("webapp"), "dating/list:1.0.0"), local);
    try {
      expect(push()).toMatchObject({ status: 0, stderr: "" });
      const { webapp } = configuredImages();
      const digest = webapp!.split("@")[1]!;
      expect(await registry.manifest("pushed/webapp", digest)).toMatchObject({
        mediaType: expect.any(String),
      });
      expect(registry.docker("pull", "--quiet", webapp!)).toContain(digest);
    } finally {
      writeFileSync(file, kept);
      await docker("rmi", "--force", local);
      await project.configurePath("images.webapp", before.webapp!);
    }
  });

  test("pins nothing where the registry refuses", () =>
    loggedOut(() => {
      const before = configuredImages();
      expect(push()).toMatchObject({ status: 1 });
      expect(configuredImages()).toEqual(before);
    }));
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
    await requestUntilHealthy(url);
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
    registry.push("debian:trixie-slim", "dating/webapp:1.0.0");
    expect((await project.up({ refresh: true })).steps).toEqual([]);
    expect((await services(project.prefix)).webapp?.Id).toBe(before.webapp?.Id);
  });
});

describe("a promotion", () => {
  const git = (...args: string[]) => project.run("git", args);
  const prodFile = () => readFileSync(join(project.directory, `Pulumi.${prod}.yaml`), "utf8");
  const promote = (...flags: string[]) => {
    const { status, stdout, stderr } = project.attempt("./dating", [
      "promote",
      ...["--from", project.stackName, "--to", prod],
      ...flags,
    ]);
    shown.push(stdout, stderr);
    return { status, text: stdout + stderr };
  };
  let prod: string;
  let prodUrl: string;
  /** One of the bot's own secrets, in each of the two stacks another value. */
  const secrets = {
    tested: "https://tested@sentry.example.com/1",
    prod: "https://prod@sentry.example.com/2",
  };
  const setSecret = (stack: string, value: string) => {
    const path = ["--path", "dating:botSecrets.SENTRY_DSN"];
    project.run("pulumi", ["config", "set", "--stack", stack, "--secret", ...path], value);
  };
  const shown: string[] = [];
  const secretOf = async (prefix: string) => {
    const found = (await services(prefix)).bot!.Config.Env.find((each) => each.startsWith("SENTRY_DSN="));
    return found?.replace("SENTRY_DSN=", "");
  };

  /** In no file of the checkout, its state and its history, and in nothing that was shown. */
  afterEach(() => {
    for (const value of Object.values(secrets)) {
      const found = ["-rlaF", "--exclude-dir=node_modules", value, "."];
      expect(project.attempt("grep", found)).toMatchObject({ status: 1, stdout: "" });
      expect(shown.join("\n")).not.toContain(value);
    }
  });

  /** A git checkout with two stacks: the one that is deployed, and one that never was. */
  beforeAll(async () => {
    prod = `${project.stackName}-prod`;
    const port = await freePort();
    prodUrl = `http://localhost:${port}`;
    process.once("exit", () => removeAll(`${project.prefix}-prod`));
    project.run("pulumi", ["stack", "init", prod, "--no-select"]);
    const set = (key: string, value: string) =>
      project.run("pulumi", ["config", "set", "--stack", prod, `dating:${key}`, value]);
    set("domain", "localhost");
    set("httpPort", String(port));
    project.run("pulumi", ["config", "set", "--stack", prod, "--secret", "dating:botToken"], botToken);
    const file = join(project.directory, `Pulumi.${prod}.yaml`);
    writeFileSync(file, `# Kept through every promotion.\n${prodFile()}`);

    setSecret(project.stackName, secrets.tested);
    git("init", "--quiet");
    git("config", "user.name", "Ada");
    git("config", "user.email", "ada@example.com");
    appendFileSync(join(project.directory, ".git/info/exclude"), "node_modules\n/.bin/\n/.state/\n");
    git("add", ".");
    git("add", "--force", `Pulumi.${prod}.yaml`, `Pulumi.${project.stackName}.yaml`);
    git("commit", "--quiet", "--message", "Everything");
    await project.stack.setConfig("dating:nsfwThreshold", { value: "0.8" });
    git("commit", "--quiet", "--all", "--message", "A stricter filter");
  });

  test("of what was not deployed from a commit is refused", () => {
    expect(promote()).toEqual({
      status: 1,
      text: expect.stringContaining("nobody knows from which commit it was deployed"),
    });
  });

  test("is refused when the stack has drift, is not healthy, is not pinned, or is not what the checkout has: all at once", async () => {
    await project.up();
    const { webapp } = await services(project.prefix);
    await docker("stop", webapp!.Id);
    appendFileSync(join(project.directory, "index.ts"), "// a newer commit than was tested\n");
    git("commit", "--quiet", "--all", "--message", "Newer");
    const state = project.run("pulumi", ["stack", "export", "--stack", project.stackName]);
    const broken = join(project.directory, ".state/broken.json");
    writeFileSync(
      broken,
      state.replaceAll(`"bot": "${configuredImages().bot}"`, '"bot": "dating/bot:1.0.0"'),
    );
    project.run("pulumi", ["stack", "import", "--stack", project.stackName, "--file", broken]);

    const commit = git("rev-parse", "HEAD");
    const { status, text } = promote("--yes");
    expect(status).toBe(1);
    for (const line of [
      `stack ${project.stackName} is not fit to be promoted; nothing was changed.`,
      "drift: webapp: its container does not run (exited)",
      "webapp is not healthy",
      "the image of bot is not pinned by digest: dating/bot:1.0.0",
      "this checkout is not what was deployed and tested",
      ": index.ts",
    ]) {
      expect(text).toContain(line);
    }
    expect(git("rev-parse", "HEAD")).toBe(commit);
    expect(git("status", "--porcelain")).toBe("");
    expect(await labelled("container", `${project.prefix}-prod`)).toEqual([]);

    git("reset", "--quiet", "--hard", "HEAD^");
    writeFileSync(broken, state);
    project.run("pulumi", ["stack", "import", "--stack", project.stackName, "--file", broken]);
    await docker("start", webapp!.Id);
    await requestUntil(`${url}/`, 200);
    await project.up();
  });

  test("shows the preview and commits the digests and settings that were tested, and deploys nothing", async () => {
    const { status, text } = promote();
    expect({ status, text }).toEqual({
      status: 0,
      text: expect.stringMatching(/^Services\n(?: {2}.*\n)* {2}bot: new, image \S+; starts$/m),
    });
    const { config } = load(prodFile()) as { config: Record<string, unknown> };
    expect(config["dating:images"]).toEqual(configuredImages());
    expect(String(config["dating:nsfwThreshold"])).toBe("0.8");
    expect(config["dating:domain"]).toBe("localhost");
    expect(config).not.toHaveProperty("dating:botSecrets");
    expect(text).toContain(
      `${prod} has no dating:botSecrets.SENTRY_DSN, and ${project.stackName} has. No secret is promoted; where the application needs it:`,
    );
    expect(prodFile()).toMatch(/^# Kept through every promotion\.\n/);

    expect(git("show", "--name-only", "--format=", "HEAD").trim()).toBe(`Pulumi.${prod}.yaml`);
    expect(git("log", "-1", "--format=%B")).toContain(`Promoted-From: ${project.stackName}\n`);
    const listed = project.run("./dating", ["promote", "--to", prod, "--list"]);
    expect(listed).toMatch(
      new RegExp(
        `^\\w+  \\S+  Ada <ada@example.com>  from ${project.stackName} as deployed \\S+, commit [0-9a-f]{40}\n$`,
      ),
    );
    expect(await labelled("container", `${project.prefix}-prod`)).toEqual([]);
  });

  test("with --yes deploys nothing when that would not be what it showed", async () => {
    // As though it had not been promoted yet.
    git("reset", "--quiet", "--hard", "HEAD^");
    const before = git("rev-parse", "HEAD");
    // Somebody changes the stack between the preview and the deploy.
    const real = project.run("sh", ["-c", "command -v pulumi"]).trim();
    const wrapper = join(project.directory, ".bin/pulumi");
    const change = `${real} config set --stack ${prod} --path dating:memory.bot "768 MiB"`;
    writeFileSync(wrapper, `#!/bin/sh\n[ "$1" != up ] || ${change}\nexec ${real} "$@"\n`, { mode: 0o755 });
    const { status, text } = promote("--yes");
    rmSync(wrapper);
    git("checkout", "--quiet", "--", `Pulumi.${prod}.yaml`);
    expect(text).toMatch(/not what was reviewed: nothing was changed\.\n {2}dating-\S+-bot: other memory/);
    expect(text).toContain("The promotion's commit was taken back.");
    expect([git("rev-parse", "HEAD"), git("status", "--porcelain")]).toEqual([before, ""]);
    expect(status).toBe(1);
    expect(await labelled("container", `${project.prefix}-prod`)).toEqual([]);
  });

  test("takes no secret along: each stack's bot has its own", async () => {
    setSecret(prod, secrets.prod);
    git("commit", "--quiet", "--all", "--message", "A secret of prod's own");
    expect(promote("--yes")).toMatchObject({ status: 0 });
    await requestUntilHealthy(prodUrl);
    expect(await secretOf(project.prefix)).toBe(secrets.tested);
    expect(await secretOf(`${project.prefix}-prod`)).toBe(secrets.prod);
  });

  soakTest("and neither a rollback nor a preview environment does", async () => {
    const run = (command: string, ...args: string[]) => {
      const { status, stdout, stderr } = project.attempt(command, args);
      shown.push(stdout, stderr);
      expect({ command, status, stderr: status === 0 ? "" : stderr }).toEqual({
        command,
        status: 0,
        stderr: "",
      });
    };
    run("pulumi", "config", "set", "--stack", prod, "dating:nsfwThreshold", "0.6");
    run("pulumi", "up", "--stack", prod, "--yes", "--skip-preview");
    run("./dating", "rollback", prod, "--yes");
    expect(await secretOf(`${project.prefix}-prod`)).toBe(secrets.prod);
    expect((await services(`${project.prefix}-prod`)).bot!.Config.Env).toContain("NSFW_THRESHOLD=0.8");

    const name = `${project.stackName}-pr`;
    process.once("exit", () => removeAll(`dating-preview-${name}`));
    run("./dating", "env", "create", name, "--like", project.stackName);
    expect(await secretOf(`dating-preview-${name}`)).toBeUndefined();
    run("./dating", "env", "remove", name);
    expect(await secretOf(project.prefix)).toBe(secrets.tested);
    git("checkout", "--quiet", "--", `Pulumi.${prod}.yaml`);
  });

  test("with --yes deploys it: prod runs the digests that were tested, and a second one has nothing to promote", async () => {
    const { status, text } = promote("--yes");
    expect({ status, text }).toEqual({
      status: 0,
      text: expect.stringContaining(
        `Pulumi.${prod}.yaml has all that ${project.stackName} was deployed with.`,
      ),
    });
    await requestUntilHealthy(prodUrl);

    const imagesOf = async (prefix: string) =>
      Object.fromEntries(
        Object.entries(await services(prefix)).map(([service, { Image, Config }]) => [
          service,
          [Image, Config.Image],
        ]),
      );
    const tested = await imagesOf(project.prefix);
    expect(Object.keys(tested).length).toBeGreaterThanOrEqual(4);
    expect(await imagesOf(`${project.prefix}-prod`)).toEqual(tested);
    for (const [, reference] of Object.values(tested)) expect(reference).toMatch(/@sha256:[0-9a-f]{64}$/);
    expect(git("status", "--porcelain")).toBe("");
  });
});

describe("images of older releases", () => {
  /** Writes a release into the stack's history, from before all others, of which one image was another. */
  function wasDeployed(webapp: string, age: number): void {
    const folder = join(project.directory, ".state/.pulumi/history/dating", project.stackName);
    const newest = readdirSync(folder)
      .filter((name) => name.endsWith(".history.json"))
      .sort()
      .at(-1)!;
    const [, time] = /-(\d+)\.history\.json$/.exec(newest)!;
    const at = BigInt(time!) - BigInt(age) * 3_600_000_000_000n;
    for (const kind of ["history", "checkpoint"]) {
      const text = readFileSync(join(folder, newest.replace("history", kind)), "utf8");
      writeFileSync(
        join(folder, newest.replace(time!, String(at)).replace("history", kind)),
        text
          .replaceAll(configuredImages().webapp!, webapp)
          .replace(/"startTime": \d+/, `"startTime": ${at / 1_000_000_000n}`),
      );
    }
  }
  /** An image that the engine has by its digest alone, with a content of its own: that of a running one would count as used. */
  async function pulled(tag: string): Promise<string> {
    const own = `${registry.host}/own/old`;
    project.run(
      "docker",
      ["build", "--quiet", "--tag", own, "-"],
      `FROM debian:trixie-slim\nLABEL old=${tag}\n`,
    );
    const reference = `${registry.host}/dating/webapp:${tag}@${registry.push(own, `dating/webapp:${tag}`)}`;
    await docker("rmi", own);
    registry.docker("pull", "--quiet", reference);
    return reference;
  }
  const isThere = (reference: string) =>
    project.attempt("docker", ["image", "inspect", "--format", "there", reference]).stdout === "there\n";

  test("go, but for what a container uses; what runs and what no release had stays", async () => {
    const [old, used, foreign] = [await pulled("0.1.0"), await pulled("0.2.0"), await pulled("0.3.0")];
    // The last, which a rollback may want, had an image that is not here.
    const before = `${registry.host}/dating/webapp:0.9.0@sha256:${"0".repeat(64)}`;
    [before, used, old].forEach((image, place) => wasDeployed(image, place + 1));
    const container = await docker("create", "--label", `dating.stack=${project.prefix}`, used);
    const prune = (...flags: string[]) =>
      project.run("./dating", ["images", "prune", project.stackName, ...flags]);
    project.run("pulumi", ["config", "set", "--stack", project.stackName, "dating:keepReleases", "1"]);

    expect(prune("--dry-run")).toMatch(new RegExp(`\\(1 image, at most .*\n {2}${old} .*\nA dry run`));
    expect([old, used, foreign].map(isThere)).toEqual([true, true, true]);
    expect(prune()).toContain(old);
    expect([old, used, foreign].map(isThere)).toEqual([false, true, true]);
    for (const reference of Object.values(configuredImages())) expect(isThere(reference)).toBe(true);

    await docker("rm", container);
    prune();
    expect([used, foreign].map(isThere)).toEqual([false, true]);
    await docker("rmi", foreign);
  });
});
