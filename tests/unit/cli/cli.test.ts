import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Command } from "commander";

import { fileOf, below, groups, names, program } from "../../../cli/catalog";
import { define, act, examplesOf, archivesTo, fromCaller } from "../../../cli/command";
import { completionScript, shells } from "../../../cli/complete";
import { commandReference } from "../../../cli/reference";
import { fail, main } from "../../../cli/run";
import { projectRoot } from "../../../images/content";
import { BackupError } from "../../../ops/backups/archives/manifest";
import { foundSomething, OperatorError, Refused } from "../../../ops/stack/errors";

// A busy machine takes seconds to start a process.
jest.setTimeout(120_000);

let printed: string;
beforeEach(() => {
  printed = "";
  const take = (text: unknown) => {
    printed += String(text);
    return true;
  };
  jest.spyOn(process.stdout, "write").mockImplementation(take);
  jest.spyOn(process.stderr, "write").mockImplementation(take);
  jest.spyOn(console, "error").mockImplementation((text) => take(`${text}\n`));
});
afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
});

/** The exit code of a command line, and what it prints. */
async function run(...words: string[]): Promise<{ code: number; printed: string }> {
  await main(words);
  return { code: Number(process.exitCode ?? 0), printed };
}

const whole = program();
/** The commands that do something, with the words that call them. */
const leaves = below(whole)
  .filter((each) => each !== whole && each.commands.length === 0 && each.name() !== "help")
  .map((each): [string, Command] => [pathOf(each).join(" "), each]);

function pathOf(command: Command): string[] {
  return command.parent && command.parent !== whole
    ? [...pathOf(command.parent), command.name()]
    : [command.name()];
}

/** The files of all commands, in cli/. */
const files = Object.entries(groups).flatMap(([group, commands]) =>
  Object.keys(commands).map((name) => fileOf(group, name)),
);

test("no command but two waits for Pulumi's SDK to be loaded, which takes a second", () => {
  // These two run parts of the program itself.
  const others = files.filter((file) => !/\/(doctor|graph)$/.test(file));
  const load = others.map((file) => `require("./cli/${file}");`).join("");
  const loaded = `Object.keys(require.cache).filter((file) => file.endsWith("@pulumi/pulumi/index.js")).length`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", "tsx/cjs", "--eval", `${load} console.log(${loaded}); process.exit()`],
    { cwd: projectRoot, encoding: "utf8" },
  );
  expect({ stdout, stderr }).toEqual({ stdout: "0\n", stderr: "" });
});

describe("the help", () => {
  test("lists every command with what it is for, in its group", async () => {
    const { code, printed: text } = await run("--help");
    expect(code).toBe(0);
    for (const [group, commands] of Object.entries(groups)) {
      expect(text).toContain(group);
      for (const name of Object.keys(commands))
        expect(text).toMatch(new RegExp(`^ {2}${name} {2,}[a-z]`, "m"));
    }
    expect(text).toContain("Exit codes: 0 done, 1 failed");
  });

  test("of one command, asked for in either way, has its options and examples", async () => {
    const { printed: first } = await run("backup", "create", "--help");
    expect(first).toMatch(/--all-volumes[^]*Examples:\n {2}\.\/dating backup create prod/);
    printed = "";
    expect((await run("help", "drift")).printed).toMatch(/--fix[^]*Examples:/);
  });

  test.each(leaves)("of %s is a sentence and an example that begins with it", (path, command) => {
    expect(command.description()).toMatch(/^[A-Z].*\.$/s);
    expect(examplesOf(command).length).toBeGreaterThan(0);
    for (const example of examplesOf(command)) expect(`${example} `).toMatch(new RegExp(`^${path} `));
  });

  test("has every file of cli/ that is a command", () => {
    const found = readdirSync(join(projectRoot, "cli"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .filter((file) =>
        readFileSync(join(projectRoot, "cli", file), "utf8").includes("\nexport const command = "),
      );
    expect(found.map((file) => file.replace(/\.ts$/, "")).sort()).toEqual([...files].sort());
  });
});

describe("options that many commands have", () => {
  const meanings = new Map<string, Set<string>>();
  for (const [path, { options }] of leaves)
    for (const { long, description } of options)
      // A promotion without it only proposes.
      if (["--yes", "--quiet", "--dry-run", "--json"].includes(long!) && path !== "promote")
        meanings.set(long!, (meanings.get(long!) ?? new Set()).add(description));

  test.each(["--yes", "--quiet", "--dry-run", "--json"])("%s means the same everywhere", (option) => {
    expect(meanings.get(option)?.size).toBe(1);
  });

  test("are there where they are promised", () => {
    const having = (option: string) =>
      leaves.filter(([, { options }]) => options.some(({ long }) => long === option)).map(([path]) => path);
    expect(having("--json").sort()).toEqual(
      [
        ...["backup list", "doctor", "drift", "env list", "preview", "status"],
        ...["images list", "images lock", "versions"],
      ].sort(),
    );
    for (const path of [
      "adopt start",
      "adopt back",
      "adopt finish",
      "alembic",
      "backup restore",
      "backup undo",
    ])
      expect(having("--yes")).toContain(path);
    for (const path of ["down", "drift", "env remove", "purge", "recover", "reindex", "rollback", "promote"])
      expect(having("--yes")).toContain(path);
  });
});

describe("a word that is wrong", () => {
  test.each([
    [["bakup"], "unknown command 'bakup'\n(Did you mean backup?)"],
    [["backup", "lst"], "unknown command 'lst'\n(Did you mean list?)"],
    [["drift", "prod", "--fixx"], "unknown option '--fixx'\n(Did you mean --fix?)"],
    [["up"], "missing required argument 'stack'"],
  ])("as in %j, is told with what was meant", async (words, said) => {
    const { code, printed: text } = await run(...words);
    expect(text).toMatch(new RegExp(`^error: ${said.replace(/[()?]/g, "\\$&")}\n`));
    expect(code).toBe(1);
  });

  test("a stack that is left out is asked for with how the command is called, and those that there are", async () => {
    const { printed: text } = await run("doctor");
    expect(text).toContain("Usage: ./dating doctor [options] <stack>\nStacks here: dev, ");
    expect(text).toContain("--help explains it.");
  });

  test("a stack that is not there is told with the one that may be meant", async () => {
    const { code, printed: text } = await run("doctor", "prdo");
    expect([code, text]).toEqual([
      1,
      expect.stringMatching(/^error: .*Pulumi\.prdo\.yaml\. Did you mean prod\? Those that have one: dev, /),
    ]);
    expect((await run("doctor", "elsewhere")).printed).not.toContain("Did you mean dev");
  });
});

describe("an error", () => {
  test.each([
    [new OperatorError("no"), 1],
    [new BackupError("no"), 1],
    [new Error("no"), 1],
    [new Refused("no"), 3],
  ])("%# is one sentence without a stack trace, and its class is the exit code", (error, code) => {
    expect(fail(error)).toBe(code);
    expect(printed).toBe("error: no\n");
  });

  test("of our own code shows where it is", () => {
    expect(fail(new TypeError("undefined is not a function"))).toBe(1);
    expect(printed).toMatch(/undefined is not a function\n +at /);
  });

  test("of a program that is missing names it", () => {
    const { error } = spawnSync("no-such-program");
    expect(fail(error)).toBe(1);
    expect(printed).toContain("there is no command no-such-program");
  });
});

test("what a command returns is its exit code: 2 where it found something", async () => {
  const finder = act(define("find", "Finds."), () => foundSomething);
  await finder.parseAsync([], { from: "user" });
  expect(process.exitCode).toBe(2);
});

describe("a path in an option", () => {
  afterEach(() => delete process.env.DATING_CWD);

  test("is relative to where the person stands", () => {
    process.env.DATING_CWD = "/home/ana";
    expect(fromCaller("plan.json")).toBe("/home/ana/plan.json");
    expect(fromCaller("../x")).toBe("/home/x");
    expect(fromCaller("/srv/x")).toBe("/srv/x");
    expect(fromCaller("s3://safe/dating")).toBe("s3://safe/dating");
  });

  test("is no place for archives where it leads into the checkout", () => {
    process.env.DATING_CWD = projectRoot;
    const option = archivesTo("--to <place>", "where it is put");
    const parse = (given: string) => option.parseArg!(given, undefined);
    expect(() => parse("backups")).toThrow("It is in the checkout");
    expect(parse("../backups")).toBe(join(projectRoot, "../backups"));
    expect(parse("s3://safe/dating")).toBe("s3://safe/dating");
  });

  test("reaches the command from any folder, also through a link to the launcher", () => {
    const folder = mkdtempSync(join(tmpdir(), "dating-cli-"));
    const recorded = join(projectRoot, "tests/unit/previews");
    const [file] = readdirSync(recorded).filter((name) => name.endsWith(".json"));
    copyFileSync(join(recorded, file!), join(folder, "recorded.json"));
    symlinkSync(join(projectRoot, "dating"), join(folder, "dating"));
    const version = spawnSync(join(projectRoot, "setup/environment-version"), {
      encoding: "utf8",
    }).stdout.trim();
    const { status, stderr, stdout } = spawnSync(
      "./dating",
      ["preview", "example", "--recorded", "recorded.json"],
      // As though prepared, so that no engine is looked for.
      { cwd: folder, env: { ...process.env, DATING_ENVIRONMENT: version }, encoding: "utf8" },
    );
    rmSync(folder, { recursive: true });
    expect(stderr).toBe("");
    expect(stdout).not.toBe("");
    expect([0, 1]).toContain(status);
  });
});

describe("the completion", () => {
  test.each(shells)("for %s has every command and option", (shell) => {
    const script = completionScript(shell, whole, projectRoot);
    for (const [path, { options }] of leaves) {
      const [, words = ""] = new RegExp(`^ +"${path}"\\) echo "(.*)" ;;$`, "m").exec(script) ?? [];
      expect(words.split(" ")).toEqual(expect.arrayContaining(options.map(({ long }) => long)));
    }
    for (const name of names) expect(/^ +""\) echo "(.*)" ;;$/m.exec(script)?.[1]).toContain(name);
  });

  const completed = (...words: string[]) => {
    const script = `${completionScript("bash", whole, projectRoot)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dating; echo "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" })
      .stdout.trim()
      .split(" ");
  };

  test("completes commands, options and stacks in bash", () => {
    expect(completed("./dating", "re")).toEqual(["reindex", "recover"]);
    expect(completed("./dating", "backup", "")).toEqual(
      expect.arrayContaining(["create", "list", "copy", "verify", "restore", "undo"]),
    );
    expect(completed("./dating", "up", "stag")).toEqual(["staging"]);
    expect(completed("./dating", "backup", "restore", "prod", "--from-")).toEqual(["--from-stack"]);
  });

  const inZsh = `compdef() {}
${completionScript("zsh", whole, projectRoot)}`;

  test("leaves alone the variables that mean something to zsh, as path does", () => {
    expect(inZsh).not.toMatch(/\blocal (-a )?(path|fpath|cdpath|words|status)\b/);
  });

  const withZsh = spawnSync("zsh", ["--version"]).status === 0 ? test : test.skip;
  withZsh("finds commands and stacks in zsh", () => {
    const found = (...words: string[]) =>
      spawnSync("zsh", ["-fc", `${inZsh}\n_dating_words "$@"`, "zsh", ...words], { encoding: "utf8" })
        .stdout.trim()
        .split(/\s/);
    expect(found()).toEqual(expect.arrayContaining(["status", "backup"]));
    expect(found("up")).toEqual(expect.arrayContaining(["--plan", "prod", "staging"]));
  });
});

test("the launcher prepares the environment for each command that needs more than packages", () => {
  const launcher = readFileSync(join(projectRoot, "dating"), "utf8");
  const withoutEnvironment = ["doctor", "graph", "versions", "completion"];
  for (const name of names)
    expect([name, new RegExp(`^ +([a-z]+ \\| )*${name}( \\| [a-z]+)*\\) ;;$`, "m").test(launcher)]).toEqual([
      name,
      !withoutEnvironment.includes(name),
    ]);
});

test("docs/reference/commands.md has all of it (make docs writes it)", () => {
  expect(readFileSync(join(projectRoot, "docs/reference/commands.md"), "utf8")).toContain(commandReference());
});

// Last, as the commands do nothing from here on.
test.each(leaves.flatMap(([, each]) => examplesOf(each)))("the example %s is understood", async (example) => {
  const words = example.replace(/ [<>].*$/, "").split(" ");
  const did: string[] = [];
  for (const [path, each] of leaves)
    each.exitOverride().action(() => {
      did.push(path);
      // It separates, and is no word of what is run.
      expect(each.args).not.toContain("--");
    });
  await whole.exitOverride().parseAsync(words, { from: "user" });
  expect(did).toHaveLength(1);
  expect(example.startsWith(did[0]!)).toBe(true);
});

test("who reads no more of what is printed ends nothing, and is told nothing", () => {
  const command = "{ sleep 1; node --require tsx/cjs cli/main.ts --help; echo $? >&2; } | true";
  const { stderr } = spawnSync("bash", ["-c", command], { cwd: projectRoot, encoding: "utf8" });
  expect(stderr).toBe("0\n");
});
