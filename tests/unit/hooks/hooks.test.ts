import { spawn } from "node:child_process";
import { join } from "node:path";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

const root = join(__dirname, "../../..");

interface Outcome {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a script of Bash as a hook, and does something once it has printed its first line. */
async function run(
  script: string,
  { options = [], stdin = "", environment = {}, then = () => {} }: Options = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, ["hooks/guarded.mjs", ...options, "--", "bash", "-c", script], {
    cwd: root,
    env: { ...process.env, ...environment },
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      if (stream === "stdout" && printed.stdout === "") then(child.pid!);
      printed[stream] += text;
    });
  }
  child.stdin.on("error", () => {}).end(stdin);
  return new Promise((done) => child.on("close", (code, signal) => done({ code, signal, ...printed })));
}

interface Options {
  options?: string[];
  stdin?: string;
  environment?: Record<string, string>;
  then?: (pid: number) => void;
}

test("a hook gets its input and environment, and its exit code and both outputs come through", async () => {
  expect(
    await run('read -r word; echo "${#word} $NAME"; echo oops >&2; exit 7', {
      stdin: "hunter2",
      environment: { NAME: "bot" },
    }),
  ).toEqual({ code: 7, signal: null, stdout: "7 bot\n", stderr: "oops\n" });
});

test("what a hook prints shows none of its secrets, in whatever form", async () => {
  const { stdout, stderr } = await run(
    `input=$(cat); echo "given $input"; echo "given $AUTH" >&2; echo "\${AUTH#*:}" >&2
     printf '%s\\n' "p'w" "p''w" '{"password":"a\\"b"}' 'http://x/?p=s%C3%A9%26'
     printf %s "$AUTH" | base64; printf 'no end of line: %s' "$AUTH"`,
    {
      options: ["--secret", "AUTH"],
      stdin: `first\np'w\n a"b \nsé&\n`,
      environment: { AUTH: "admin:pa.s*w|rd" },
    },
  );
  expect(stdout).toBe(
    [
      ...["given [secret]", "[secret]", "[secret]", "[secret]"],
      ...["[secret]", "[secret]", '{"password":"[secret]"}', "http://x/?p=[secret]"],
      ...["[secret]", "no end of line: [secret]"],
    ].join("\n"),
  );
  expect(stderr).toBe("given [secret]\n[secret]\n");
});

test("a secret that is printed in pieces is not shown, nor in a line without an end", async () => {
  const { stdout } = await run(
    `printf hun; sleep 0.2; echo ter2; printf '%01048570dhun' 0; sleep 0.2; printf 'ter2'`,
    { stdin: "hunter2" },
  );
  expect(stdout).toHaveLength("[secret]\n".length + 1_048_570 + "[secret]".length);
  expect(stdout).not.toMatch(/hun|ter2/);
});

test("lines are shown as they come", async () => {
  const begin = Date.now();
  let first = 0;
  await run("echo one; sleep 1; echo two", { then: () => (first = Date.now()) });
  expect(Date.now() - first).toBeGreaterThan(700);
  expect(first).toBeGreaterThan(begin);
});

test("a signal goes on to the hook, which cleans up", async () => {
  const { signal, stdout } = await run("trap 'sleep 0.5; echo cleaned' EXIT; echo begun; sleep 20", {
    then: (pid) => process.kill(pid, "SIGTERM"),
  });
  expect({ signal, stdout }).toEqual({ signal: "SIGTERM", stdout: "begun\ncleaned\n" });
});

test("a hook whose time is over is ended with what it has started, and says so", async () => {
  const begin = Date.now();
  const outcome = await run("trap 'echo cleaned' EXIT; (sleep 20; echo late) & wait", {
    options: ["--limit", "1"],
  });
  expect(Date.now() - begin).toBeLessThan(18_000);
  expect(outcome).toMatchObject({ code: 124, stdout: "cleaned\n" });
  expect(outcome.stderr).toMatch(/did not end within 1 seconds and is stopped\n$/);
});

test("a program that is not there, or none, is an error", async () => {
  expect(await run("", { options: ["--unknown"] })).toMatchObject({ code: 1 });
  const { code, stderr } = await run("exec /nowhere");
  expect(code).toBe(127);
  expect(stderr).toContain("/nowhere");
});
