import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { main } from "../../../cli/run";
import { projectRoot } from "../../../images/content";

// A busy machine takes seconds to start a process.
jest.setTimeout(120_000);

const stack = `test-${process.pid}-operator`;
const stackFile = join(projectRoot, `Pulumi.${stack}.yaml`);

let folder: string;
let printed: string;
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-operator-"));
  mkdirSync(join(folder, ".pulumi/stacks/dating"), { recursive: true });
  printed = "";
  const take = (text: unknown = "") => void (printed += `${String(text)}\n`);
  jest.spyOn(console, "log").mockImplementation(take);
  jest.spyOn(console, "error").mockImplementation(take);
  Object.assign(process.env, {
    PATH: `${folder}:${before.PATH}`,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "of this test",
  });
  fake("pulumi", "");
  fake("docker", "");
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const name of ["PATH", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"])
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
  rmSync(stackFile, { force: true });
});

/** A program in front of the real one, which writes down what it is called with; the rest of it is a shell script. */
const fake = (name: string, script: string) =>
  writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >>${folder}/calls\n${script}\n`, {
    mode: 0o755,
  });
const calls = () =>
  existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];
const made = () =>
  writeFileSync(
    join(folder, `.pulumi/stacks/dating/${stack}.json`),
    '{"checkpoint": {"latest": {"resources": []}}}',
  );

async function run(...words: string[]): Promise<number> {
  await main(words);
  return Number(process.exitCode ?? 0);
}

describe("a stack that is not there", () => {
  test("is not made by a deploy, which may only have the wrong name or backend", async () => {
    expect(await run("up", stack)).toBe(3);
    expect(printed).toMatch(
      new RegExp(`no stack ${stack} in the state in file://.*Make it: ./dating init ${stack}`),
    );
    expect(calls()).toEqual([]);
  });

  test("is made by init, and what is left to do is said", async () => {
    const where = ["--domain", "dating.example.com", "--docker-host", "ssh://deploy@example.com"];
    expect(await run("init", stack, ...where, "--yes")).toBe(0);
    expect(calls()).toEqual([`pulumi stack init ${stack} --no-select`]);
    expect(readFileSync(stackFile, "utf8")).toMatch(
      /dating:domain: dating\.example\.com\n +dating:dockerHost: ssh:\/\/deploy@example\.com/,
    );
    expect(printed).toContain(`./dating secrets set ${stack}`);
    expect(printed).toContain("botToken");
  });

  test("is made with the answers that are piped in, a line for each question", () => {
    const dating = (input: string) =>
      spawnSync(process.execPath, ["--require", "tsx/cjs", "cli/main.ts", "init", stack], {
        ...{ cwd: projectRoot, encoding: "utf8", input },
        env: process.env,
      });
    const { status, stdout } = dating(`dating.example.com\nssh://deploy@example.com\n${stack}\n`);
    expect(stdout).toContain(`${stack} on ssh://deploy@example.com · served as dating.example.com`);
    expect(status).toBe(0);
    expect(readFileSync(stackFile, "utf8")).toContain("dating:domain: dating.example.com");

    // What the file has already is offered: a return takes it.
    const again = dating(`\nssh://another\n${stack}\n`);
    expect(again.stdout).toContain("[dating.example.com]: ");
    expect(again.stdout).toContain(`${stack} on ssh://another · served as dating.example.com`);
    expect(dating("\n\n").status).toBe(3);
    expect(readFileSync(stackFile, "utf8")).toContain("dating:dockerHost: ssh://another");
  });

  test.each([
    ["in a state that is on this machine alone", { PULUMI_BACKEND_URL: "" }, "Choose a backend first"],
    [
      "with the passphrase that everybody knows",
      { PULUMI_CONFIG_PASSPHRASE: "dev" },
      "passphrase of their own",
    ],
    ["with no passphrase at all", { PULUMI_CONFIG_PASSPHRASE: "" }, "passphrase of their own"],
  ])("is not made %s", async (_, environment, said) => {
    Object.assign(process.env, environment, { PULUMI_HOME: folder });
    expect(await run("init", stack, "--domain", "a.example.com", "--docker-host", "ssh://b", "--yes")).toBe(
      3,
    );
    delete process.env.PULUMI_HOME;
    expect(printed).toContain(said);
    expect(calls()).toEqual([]);
    expect(existsSync(stackFile)).toBe(false);
  });

  test.each([["down"], ["purge"], ["logs"], ["alembic"]])(
    "is told by %s, with the state that was asked",
    async (word) => {
      fake("pulumi", "echo \"error: no stack named 'x' found\" >&2; exit 255");
      const more = { logs: ["bot"], alembic: ["current"] }[word] ?? [];
      expect(await run(word, stack, ...more)).toBe(1);
      expect(printed).toContain(`no stack ${stack} in the state in file://`);
      expect(calls().filter((call) => call.startsWith("docker"))).toEqual([]);
    },
  );
});

describe("a command that changes something", () => {
  beforeEach(made);

  test("says first what, where and as whom, holds the lock meanwhile, and says how long it took", async () => {
    fake("docker", 'case "$1" in create) echo the-lock;; esac');
    expect(await run("down", stack)).toBe(0);
    expect(printed).toMatch(
      new RegExp(`^${stack} on .* · state in file://.* · as .*@.*\\nFinished after [0-9.]+ s\\.\\n$`),
    );
    expect(calls().map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
      "docker create",
      "pulumi destroy",
      "docker container",
    ]);
    expect(calls().at(-1)).toBe("docker container rm the-lock");
  });

  test("says results only with --quiet", async () => {
    fake("docker", 'case "$1" in create) echo the-lock;; esac');
    expect(await run("down", stack, "--quiet")).toBe(0);
    delete process.env.DATING_QUIET;
    expect(printed).toBe("");
  });

  test("changes nothing where somebody else has the lock", async () => {
    const held = JSON.stringify([
      {
        Id: "theirs",
        Config: { Labels: { "dating.lock.who": "bob@elsewhere", "dating.lock.doing": "./dating up" } },
      },
    ]);
    fake(
      "docker",
      `case "$1" in create) echo "Conflict. The container name is already in use" >&2; exit 1;; container) echo '${held}';; esac`,
    );
    expect(await run("down", stack)).toBe(3);
    expect(printed).toMatch(
      /error: Stack .* is locked: bob@elsewhere .*: \.\/dating up\. Nothing was changed\./,
    );
    expect(calls().filter((call) => call.startsWith("pulumi"))).toEqual([]);
  });

  test("needs neither the lock nor an answer for a dry run", async () => {
    expect(await run("down", stack, "--dry-run")).toBe(0);
    expect(calls()).toEqual([expect.stringMatching(/^pulumi destroy .*--preview-only$/)]);
  });
});

describe("a service's container", () => {
  const container = (id: string, service: string, Running: boolean) => ({
    Id: id,
    Name: `/${id}`,
    State: { Running, Status: Running ? "running" : "exited" },
    Config: { Labels: { "dating.service": service } },
  });
  const there = (...containers: ReturnType<typeof container>[]) => {
    made();
    fake(
      "docker",
      `case "$1 $2" in "container ls") echo x;; "container inspect") echo '${JSON.stringify(containers)}';; "exec "*) exit 7;; esac`,
    );
  };

  test("is found by its labels, the one that runs first, and its log is Docker's", async () => {
    there(container("old", "bot", false), container("new", "bot", true));
    expect(await run("logs", stack, "bot", "--tail", "5", "--since", "1h", "--follow")).toBe(0);
    expect(calls()[0]).toContain(`--filter label=dating.stack=dating-${stack}`);
    expect(calls().at(-1)).toBe("docker logs --follow --tail 5 --since 1h new");
  });

  test("that has stopped still has its log, and nothing can be run in it", async () => {
    there(container("old", "bot", false));
    expect(await run("logs", stack, "bot")).toBe(0);
    expect(calls().at(-1)).toBe("docker logs --tail 100 old");
    expect(await run("exec", stack, "bot", "--", "true")).toBe(1);
    expect(printed).toContain(`bot of stack ${stack} does not run; its log: ./dating logs ${stack} bot`);
  });

  test("gets a command as it stands, and its exit code is the command's", async () => {
    there(container("new", "bot", true));
    expect(await run("exec", "--user", "nobody", stack, "bot", "--", "ls", "--all")).toBe(7);
    expect(calls().at(-1)).toBe("docker exec --interactive --user nobody new ls --all");
  });

  test("of a service that there is not is told with those that there are", async () => {
    there(container("a", "webapp", true), container("b", "bot", true));
    expect(await run("logs", stack, "bott")).toBe(1);
    expect(printed).toContain(`no service bott: there are bot, webapp`);
  });
});

test("make takes the stack from its own command line only", () => {
  const down = (...words: string[]) =>
    execFileSync("make", ["-n", "down", ...words], {
      cwd: projectRoot,
      env: { ...process.env, STACK: "prod" },
      encoding: "utf8",
    }).trim();
  expect(down()).toBe("./dating down dev");
  expect(down("STACK=staging")).toBe("./dating down staging");
});
