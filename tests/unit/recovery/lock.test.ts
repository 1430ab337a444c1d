import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { HostAnswers } from "../../../host/asking/answers";
import {
  holderIn,
  labelsOf,
  lockVariable,
  machine,
  orphansOf,
  startOf,
  whoAmI,
  type Holder,
} from "../../../host/marks/holder";
import { judgeLock } from "../../../host/judge/lock";
import type { Wanted } from "../../../host/wanted";
import { projectRoot } from "../../../images/content";
import { OperatorError, Refused } from "../../../ops/stack/errors";
import { withLock } from "../../../ops/stack/lock";

// A busy machine takes seconds to start a process.
jest.setTimeout(120_000);

/** An engine with one container at most: a file that says which. */
const program = `#!/bin/sh
cd "$FAKE_DOCKER"
echo "$*" >>calls
[ ! -e silent ] || { echo "error during connect: connection reset by peer" >&2; exit 1; }
refuse() { echo "Error response from daemon: $1" >&2; exit 1; }
case "$1 $2" in
"create --name")
  [ -e image ] || refuse "No such image: dating-lock:1"
  [ ! -e held ] || refuse "Conflict. The container name \\"/$3\\" is already in use by container \\"x\\"."
  id=id$(grep -c . calls)
  for word; do
    [ "$before" != --label ] || labels="$labels,\\"\${word%%=*}\\":\\"\${word#*=}\\""
    before=$word
  done
  printf '[{"Id":"%s","Config":{"Labels":{%s}}}]' "$id" "\${labels#,}" >held
  echo "$id" ;;
"import --change") cat >archive; : >image ;;
"container inspect") [ -e held ] || refuse "No such container: $3"; cat held ;;
"container rm") grep -q "\\"$3\\"" held 2>/dev/null || refuse "No such container: $3"; rm held ;;
*) exit 2 ;;
esac
`;

let folder: string;
let notes: jest.SpyInstance;
const path = process.env.PATH;
const given = process.env[lockVariable];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-lock-"));
  writeFileSync(join(folder, "docker"), program, { mode: 0o755 });
  Object.assign(process.env, { PATH: `${folder}:${path}`, FAKE_DOCKER: folder });
  delete process.env[lockVariable];
  notes = jest.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  notes.mockRestore();
  Object.assign(process.env, { PATH: path });
  delete process.env.FAKE_DOCKER;
  if (given !== undefined) process.env[lockVariable] = given;
  rmSync(folder, { recursive: true });
});

const place = () => ({ stack: "prod", environment: process.env });
const isHeld = () => existsSync(join(folder, "held"));
const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

/** As somebody has it who took it before. */
function heldBy(holder: Partial<Holder>, id = "theirs"): void {
  const whole: Holder = {
    ...{ who: whoAmI(), since: "2026-11-28T03:00:00.000Z", doing: "./dating restore prod", token: "theirs" },
    ...{ machine: machine(), pid: process.pid, started: startOf(process.pid) },
    ...holder,
  };
  const Labels = Object.fromEntries(labelsOf(whole).map((label) => label.split(/=(.*)/s).slice(0, 2)));
  writeFileSync(join(folder, "image"), "");
  writeFileSync(join(folder, "held"), JSON.stringify([{ Id: id, Config: { Labels } }]));
}

/** The id of a process that has ended. */
const ended = () => spawnSync("true").pid;

const acted = jest.fn();
beforeEach(() => acted.mockReset());

test("is held while something is done, and let go afterwards, with an image that any engine makes", async () => {
  expect(await withLock(place(), "./dating up prod", () => [isHeld(), "done"])).toEqual([true, "done"]);
  expect(isHeld()).toBe(false);
  expect(calls().map((call) => call.split(" ")[0])).toEqual(["create", "import", "create", "container"]);
  expect(readFileSync(join(folder, "archive"))).toEqual(Buffer.alloc(10_240));
});

test("is let go after an error, too", async () => {
  const broken = withLock(place(), "./dating up prod", () => Promise.reject(new Error("no")));
  await expect(broken).rejects.toThrow("no");
  expect(isHeld()).toBe(false);
});

test("refuses a second holder, and says who the first is, since when and doing what", async () => {
  await withLock(place(), "./dating backup restore prod", async () => {
    // Another command does not have this one's environment.
    delete process.env[lockVariable];
    const second = withLock(place(), "./dating up prod", acted);
    await expect(second).rejects.toThrow(Refused);
    await expect(second).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(
          `locked: ${whoAmI()} \\(process ${process.pid}\\) changes it since 2.*: ./dating backup restore`,
        ),
      ),
    });
    expect(isHeld()).toBe(true);
  });
  expect(acted).not.toHaveBeenCalled();
});

test("has a command inside that another one calls", async () => {
  await withLock(place(), "./dating up prod", () => withLock(place(), "./dating status prod", acted));
  expect(acted).toHaveBeenCalledTimes(1);
  expect(isHeld()).toBe(false);
  expect(process.env[lockVariable]).toBeUndefined();
});

test("does not believe a token that nobody holds any more", async () => {
  process.env[lockVariable] = "of a command that is gone";
  await withLock(place(), "./dating up prod", () => expect(isHeld()).toBe(true));
  expect(process.env[lockVariable]).toBe("of a command that is gone");
});

test("is taken over from a process of this machine that is gone, with a note", async () => {
  heldBy({ pid: ended() });
  await withLock(place(), "./dating up prod", acted);
  expect(acted).toHaveBeenCalledTimes(1);
  expect(notes).toHaveBeenCalledWith(expect.stringContaining("a command that is gone"));
});

const testWithProc = existsSync("/proc/self/stat") ? test : test.skip;

testWithProc("is taken over, too, where another process has got the id since", async () => {
  heldBy({ started: "1" });
  await withLock(place(), "./dating up prod", acted);
  expect(acted).toHaveBeenCalledTimes(1);
});

testWithProc("is not taken over while what a killed command has begun is at work", async () => {
  const child = spawn("sleep", ["60"], { env: { ...process.env, [lockVariable]: "theirs" } });
  const end = once(child, "exit");
  try {
    heldBy({ pid: ended() });
    const refused = withLock(place(), "./dating up prod", acted);
    await expect(refused).rejects.toThrow(`is still at work: process ${child.pid}.`);
    expect(acted).not.toHaveBeenCalled();
  } finally {
    child.kill();
    await end;
  }
  await withLock(place(), "./dating up prod", acted);
  expect(acted).toHaveBeenCalledTimes(1);
});

test("says of what has no /proc only who holds it", async () => {
  heldBy({ machine: "", pid: ended() });
  const refused = withLock(place(), "./dating up prod", acted);
  await expect(refused).rejects.toThrow(Refused);
  await expect(refused).rejects.not.toThrow("still at work");
  const [labels] = JSON.parse(readFileSync(join(folder, "held"), "utf8")) as [
    { Config: { Labels: Record<string, string> } },
  ];
  expect(orphansOf(holderIn(labels.Config.Labels), whoAmI(), "")).toEqual([]);
});

test("of another machine of the same name is not taken for one that is gone", async () => {
  for (const other of ["another boot pid:[1]", ""]) {
    heldBy({ machine: other, pid: ended() });
    await expect(withLock(place(), "./dating up prod", acted)).rejects.toThrow(Refused);
  }
  expect(acted).not.toHaveBeenCalled();
});

test("of another machine, or another user, is taken over only where that is decided", async () => {
  for (const who of ["bob@elsewhere", whoAmI().replace(/^.*@/, "somebody-else@")]) {
    heldBy({ who, pid: ended() });
    await expect(withLock(place(), "./dating up prod", acted)).rejects.toThrow(who);
    const no = { takeOver: () => Promise.resolve(false) };
    await expect(withLock(place(), "./dating recover prod", acted, no)).rejects.toThrow(Refused);
    expect(acted).not.toHaveBeenCalled();
    const asked: Holder[] = [];
    const takeOver = (holder: Holder) => Promise.resolve(asked.push(holder) > 0);
    await withLock(place(), "./dating recover prod", acted, { takeOver });
    expect(asked).toMatchObject([{ who, doing: "./dating restore prod" }]);
    expect(acted).toHaveBeenCalledTimes(1);
    acted.mockReset();
  }
});

test("that Docker cannot be asked for is not one that is free", async () => {
  writeFileSync(join(folder, "silent"), "");
  const broken = withLock(place(), "./dating up prod", acted);
  await expect(broken).rejects.toThrow(OperatorError);
  await expect(broken).rejects.toThrow("connection reset by peer");
  expect(acted).not.toHaveBeenCalled();
});

test("that somebody has taken over meanwhile stays theirs, and the end says so", async () => {
  await withLock(place(), "./dating up prod", () => heldBy({ who: "bob@elsewhere" }));
  expect(isHeld()).toBe(true);
  expect(notes).toHaveBeenCalledWith(
    expect.stringMatching(/was taken over meanwhile: bob@elsewhere .*drift prod/),
  );
});

test("that was pruned meanwhile is told at the end, and not taken for an error of what was done", async () => {
  const pruned = () => (rmSync(join(folder, "held")), "done");
  expect(await withLock(place(), "./dating up prod", pruned)).toBe("done");
  expect(notes).toHaveBeenCalledWith(
    expect.stringMatching(/removed meanwhile, as `docker container prune` does/),
  );
});

test("that was pruned is made anew by a command that is called inside", async () => {
  await withLock(place(), "./dating up prod", async () => {
    rmSync(join(folder, "held"));
    await withLock(place(), "./dating status prod", () => expect(isHeld()).toBe(true));
  });
});

test("that is let go in time says nothing", async () => {
  await withLock(place(), "./dating up prod", acted);
  expect(notes).not.toHaveBeenCalled();
});

/** A command of its own, which holds the lock until it is ended. */
async function holding(
  meanwhile = "",
): Promise<{ child: ReturnType<typeof spawn>; end: Promise<unknown[]> }> {
  const script = `require("./ops/stack/lock.ts").withLock({ stack: "prod", environment: process.env }, "./dating up prod",
    () => new Promise(() => { ${meanwhile}; setInterval(() => {}, 1000); console.log("held"); }));`;
  const child = spawn(process.execPath, ["--require", "tsx/cjs", "--eval", script], {
    cwd: projectRoot,
    env: { ...process.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = once(child, "exit");
  await once(child.stdout, "data");
  return { child, end };
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("is let go on %s", async (signal, code) => {
  const { child, end } = await holding();
  expect(isHeld()).toBe(true);
  child.kill(signal);
  expect(await end).toEqual([code, null]);
  expect(isHeld()).toBe(false);
});

test("is let go by a signal only after what else has to be put in order", async () => {
  const order = `process.on("SIGTERM", () => setTimeout(() => {
    require("fs").copyFileSync(process.env.FAKE_DOCKER + "/held", process.env.FAKE_DOCKER + "/seen");
    process.exit(7);
  }, 50))`;
  const { child, end } = await holding(order);
  child.kill("SIGTERM");
  expect(await end).toEqual([7, null]);
  expect(existsSync(join(folder, "seen"))).toBe(true);
  expect(isHeld()).toBe(false);
});

describe("a deploy that is not begun by ./dating", () => {
  const wanted = { stack: "prod", prefix: "dating-prod" } as Wanted;
  const answers = (holder: Partial<Holder>, of = "dating-prod") => {
    heldBy(holder);
    const [{ Config }] = JSON.parse(readFileSync(join(folder, "held"), "utf8")) as [
      { Config: { Labels: Record<string, string> } },
    ];
    return { containers: [{ Labels: { ...Config.Labels, "dating.lock": of } }] } as unknown as HostAnswers;
  };

  test("is refused while somebody else changes the stack", () => {
    expect(judgeLock(answers({ who: "bob@elsewhere" }), wanted, undefined)).toMatchObject([
      { level: "refuse", mayPass: true, what: expect.stringContaining("bob@elsewhere") },
    ]);
  });

  test("goes on inside of the lock, beside another stack's, and after a holder that is gone", () => {
    expect(judgeLock(answers({ token: "ours" }), wanted, "ours")).toEqual([]);
    expect(judgeLock(answers({}, "dating-staging"), wanted, undefined)).toEqual([]);
    expect(judgeLock(answers({ pid: ended() }), wanted, undefined)).toEqual([]);
    expect(judgeLock({ containers: [] } as unknown as HostAnswers, wanted, undefined)).toEqual([]);
  });
});
