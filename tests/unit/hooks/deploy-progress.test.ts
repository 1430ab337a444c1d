import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lockVariable } from "../../../host/marks/holder";
import { deploy } from "../../../ops/progress/deploy";
import { OperatorError } from "../../../ops/stack/errors";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

let folder: string;
let printed: string[];
const before = process.env.PATH;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-progress-"));
  process.env.PATH = `${folder}:${before}`;
  printed = [];
  jest.spyOn(console, "log").mockImplementation((text) => void printed.push(String(text)));
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env.PATH = before;
  rmSync(folder, { recursive: true });
});

const fake = (name: string, script: string) =>
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

const event = (id: string, action: string) =>
  JSON.stringify({ Action: action, Actor: { ID: id, Attributes: { "dating.service": "bot" } } });

/** A Docker Engine with a bot, which tells of a new one, and then goes on to tell. */
function release(): void {
  const events = [
    event("new", "create"),
    event("new", "start"),
    event("new", "health_status: healthy"),
    event("old", "health_status: unhealthy"),
    event("old", "destroy"),
  ];
  fake(
    "docker",
    `case "$1" in
ps) printf 'old\\tbot\\trunning\\tUp 2 hours (healthy)\\n' ;;
events) echo $$ >${folder}/pid; printf '%s\\n' ${events.map((line) => `'${line}'`).join(" ")}; touch ${folder}/told; exec sleep 300 ;;
esac`,
  );
}

/** An engine that works until all was told. */
const pulumi = (end: string) =>
  fake("pulumi", `until [ -e ${folder}/told ]; do sleep 0.1; done; sleep 0.5; ${end}`);

test("without a terminal, what each service does is a line, and nothing is followed when the deploy has ended", async () => {
  release();
  pulumi("exit 0");
  await deploy("prod", ["up"], process.env, ["bot"]);
  expect(printed).toEqual([
    "  bot: waiting",
    "  bot: starting",
    "  bot: healthy",
    "  bot: the one before is draining",
    "  bot: the one before is gone",
  ]);
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
  const gone = () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  };
  while (!gone()) await new Promise((later) => setTimeout(later, 50));
});

test("a deploy that fails says so", async () => {
  release();
  pulumi("exit 1");
  await expect(deploy("prod", ["up"], process.env, ["bot"])).rejects.toThrow(OperatorError);
});

test("what only looks is not taken for a worker that a killed command has left, and may be cut off in a line", async () => {
  fake(
    "docker",
    `[ "$1" != events ] || { env >${folder}/environment; printf '{"Action":"cre'; }; touch ${folder}/told`,
  );
  pulumi("exit 0");
  await deploy("prod", ["up"], { ...process.env, [lockVariable]: "a-token" }, ["bot"]);
  expect(printed).toEqual([]);
  const environment = readFileSync(join(folder, "environment"), "utf8");
  expect(environment).toContain("PATH=");
  expect(environment).not.toContain("a-token");
});

test("an engine that does not tell is no reason not to deploy", async () => {
  fake("docker", "exit 1");
  fake("pulumi", "exit 0");
  await deploy("prod", ["up"], process.env, ["bot"]);
  expect(printed).toEqual([]);
});
