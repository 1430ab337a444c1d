import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { linesOf, read } from "../../support/documents";
import { docker, removeAll, services } from "../../engine/support/docker";
import { request, requestUntil } from "../../engine/support/http";
import { copyCheckout, freePort, Project } from "../../engine/support/project";

jest.setTimeout(600_000);

/* docs/your-own-app.md, as it stands: its files are written and its lines are typed, for a stack and a port that nobody else has. */

let project: Project;
/** The first part of its names: another project's than that of all other tests. */
let prefix: string;
let url: string;

/** The files that the page writes, and the lines that it types, in their order. */
const page = read("docs/your-own-app.md");
const steps = [...page.matchAll(/^```(bash|yaml)\n([^]*?)^```$/gm)].map(([, language, code]) => ({
  language: language!,
  code: code!,
}));

/** For this test's stack and port, instead of dev's. */
function adapted(text: string, port: number): string {
  return text
    .replace("make up", `./dating up ${project.stackName}`)
    .replace('httpPort: "8080"', `httpPort: "${port}"`)
    .replace(/\bdev\b(?!\/)/g, project.stackName);
}

const edited: string[] = [];
/** The checkout as it was before the first step. */
const untouched = mkdtempSync(join(tmpdir(), "dating-test-untouched-"));

beforeAll(async () => {
  project = await Project.create();
  copyCheckout(untouched);
  prefix = `guestbook-${project.stackName}`;
  const port = await freePort();
  url = `http://localhost:${port}`;
  const checkout = join(project.directory, "Pulumi.yaml");
  for (const { language, code } of steps) {
    const text = adapted(code, port);
    const [, file] = /^# (\S+\.yaml)\n/.exec(text) ?? [];
    if (language === "yaml" && file) {
      writeFileSync(join(project.directory, file), text);
      edited.push(file);
    } else for (const line of linesOf(text)) type(line);
  }
  expect(readFileSync(checkout, "utf8")).toContain("name: guestbook\n");
});
afterAll(() => {
  if (prefix) removeAll(prefix);
  project?.discard();
  rmSync(untouched, { recursive: true });
});

function type(line: string): void {
  // The last step of the page is another server's.
  if (line.startsWith("./dating init prod")) return;
  // What prepares a checkout makes the stack dev, and none of another name.
  if (line.includes("./dating secrets"))
    project.run("pulumi", ["stack", "init", project.stackName, "--no-select"]);
  project.run("bash", ["-eo", "pipefail", "-c", line]);
}

const inService = async (service: string, ...command: string[]) =>
  docker("exec", (await services(prefix))[service]!.Id, ...command);

/** What a person sees, who writes an entry. */
async function write(text: string): Promise<void> {
  const body = new URLSearchParams({ text });
  expect((await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(10_000) })).status).toBe(201);
}

test("three files are edited, and none of the program", () => {
  const { stdout } = project.attempt("diff", ["--recursive", "--brief", untouched, project.directory]);
  const differing = stdout
    .split("\n")
    .flatMap((line) => /^Files \S+ and (\S+) differ$/.exec(line)?.[1] ?? [])
    .map((file) => file.slice(project.directory.length + 1));
  expect(differing.sort()).toEqual(["Pulumi.yaml", "services.yaml"]);
  expect(edited).toEqual(["services.yaml", `Pulumi.${project.stackName}.yaml`]);
});

test("people are served, and the worker has the queue and the database", async () => {
  await write("Hello from <Anna>");
  await requestUntil(
    url,
    ({ status, body }) => status === 200 && body.includes("Hello from &lt;Anna&gt;: welcome"),
  );
});

test("each of its services has what all services share, and neither the bot nor the web app is there", async () => {
  const running = await services(prefix);
  expect(Object.keys(running).sort()).toEqual([
    ...["backup", "greeter", "postgres", "redis", "socket-proxy", "tidy", "traefik", "web"],
  ]);
  for (const name of ["web", "greeter", "tidy", "redis"]) {
    const { State, HostConfig } = running[name]!;
    expect({ name, health: State.Health?.Status }).toEqual({ name, health: "healthy" });
    expect(HostConfig).toMatchObject({
      ...{ ReadonlyRootfs: true, CapDrop: ["ALL"], Memory: 128 * 1024 ** 2, MemorySwap: 128 * 1024 ** 2 },
      LogConfig: { Type: "json-file", Config: { "max-file": "3", "max-size": "10m" } },
    });
  }
});

test("secrets are encrypted in the file, and reach those that ask for them", async () => {
  expect(readFileSync(join(project.directory, `Pulumi.${project.stackName}.yaml`), "utf8")).toMatch(
    /SIGNING_KEY:\n +secure: /,
  );
  expect(await inService("web", "env")).toMatch(/^SIGNING_KEY=[0-9a-f]{48}$/m);
  expect(await inService("redis", "env")).not.toContain("SIGNING_KEY");
});

test("status, smoke and logs know its services", () => {
  const status = project.run("./dating", ["status", project.stackName]);
  for (const service of ["web", "greeter", "tidy", "redis"])
    expect(status).toMatch(new RegExp(`${service} .*healthy`));
  project.run("./dating", ["smoke", project.stackName]);
  expect(project.run("./dating", ["logs", project.stackName, "greeter"])).toContain("greeted 1");
});

test("a new release of it loses no request, and a second deploy changes nothing", async () => {
  const before = (await services(prefix)).web!;
  writeFileSync(join(project.directory, "images/web/guestbook/news.py"), "# another release\n");
  let done = false;
  const answers: (number | string)[] = [];
  const asking = (async () => {
    for (let turn = 0; turn < 100_000 && !done; turn++)
      answers.push(await request(url).then(({ status }) => status, String));
  })();
  const run = (command: string, ...args: string[]) =>
    promisify(execFile)(command, args, {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      maxBuffer: 64 * 1024 * 1024,
    });
  await run("./dating", "up", project.stackName).finally(() => (done = true));
  await asking;
  expect([...new Set(answers)]).toEqual([200]);
  expect((await services(prefix)).web!.Id).not.toBe(before.Id);
  await run("pulumi", ...["up", "--stack", project.stackName, "--yes", "--expect-no-changes", "--refresh"]);
});

test("what is wrong in services.yaml is told at once, with its mending, and nothing is touched", async () => {
  const running = async () => Object.values(await services(prefix)).map(({ Id }) => Id);
  const before = await running();
  project.edit("services.yaml", "    health: redis-cli", "    healht: redis-cli");
  project.edit(
    "services.yaml",
    'of: web\n    command: ["python3", "-m", "guestbook.tidy"]',
    "of: wep\n    command: tidy",
  );
  const { status, stdout, stderr } = project.attempt("pulumi", [
    ...[
      "up",
      "--stack",
      project.stackName,
      "--yes",
      "--skip-preview",
      "--color",
      "never",
      "--non-interactive",
    ],
  ]);
  expect(status).not.toBe(0);
  const told = stdout + stderr;
  expect(told).toContain("services.yaml has 3 problems; nothing was changed.");
  expect(told).toMatch(/services\.redis\.healht is not a known key; did you mean health\?/);
  expect(told).toMatch(/services\.tidy\.command must be a list of words/);
  expect(told).not.toMatch(/at .*\.ts:\d+/);
  const command = project.attempt("./dating", ["up", project.stackName]);
  expect(command.status).toBe(1);
  expect(command.stderr).toMatch(/^error: services\.yaml has 3 problems/m);
  expect(command.stderr).not.toMatch(/at .*\.ts:\d+/);
  expect(await running()).toEqual(before);
});
