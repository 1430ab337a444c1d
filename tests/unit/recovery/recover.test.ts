import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { thisProcess, type Holder } from "../../../host/marks/holder";
import { recover } from "../../../ops/recovery/recover";
import { OperatorError, Refused } from "../../../ops/stack/errors";

/** A `docker` that has containers as files, and a `pulumi` that refreshes unless there is a file with its refusal. */
const programs = {
  docker: `#!/bin/sh
echo "docker $*" >>"$FAKE/calls"
[ ! -e "$FAKE/silent" ] || { echo "error during connect: connection reset by peer" >&2; exit 1; }
cd "$FAKE/containers"
for last; do :; done
case "$1 $2" in
"container ls") ls ;;
"container inspect")
  case $* in
  *--format*) echo "$last" ;;
  *)
    shift 2; printf '['; comma=
    for id; do printf '%s{"Id":"%s","Name":"/%s","State":{"Running":%s},"Config":{"Labels":{}},"Mounts":[]}' "$comma" "$id" "$id" "$(cat "$id")"; comma=,; done
    printf ']' ;;
  esac ;;
"container rm") rm "$last" ;;
"ps --all")
  case $* in
  *label=dating.restore=*) cat "$FAKE/unfinished-restore" 2>/dev/null || true ;;
  *label=dating.point-in-time=dating-prod*) cat "$FAKE/point-in-time" 2>/dev/null || true ;;
  esac ;;
"volume ls") cat "$FAKE/volumes" 2>/dev/null || true ;;
esac
`,
  pulumi: `#!/bin/sh
echo "pulumi $*" >>"$FAKE/calls"
case $1 in
stack) cat "$FAKE/state" ;;
refresh) [ ! -e "$FAKE/refusal" ] || { cat "$FAKE/refusal" >&2; exit 255; } ;;
cancel) rm "$FAKE/refusal" ;;
esac
`,
};

let folder: string;
const given = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-recover-"));
  mkdirSync(join(folder, "containers"));
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  Object.assign(process.env, {
    PATH: `${folder}:${given.PATH}`,
    FAKE: folder,
    PULUMI_BACKEND_URL: "s3://team",
  });
  for (const stream of ["log", "error"] as const) jest.spyOn(console, stream).mockImplementation(() => {});
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => {
  jest.restoreAllMocks();
  Object.assign(process.env, { PATH: given.PATH, PULUMI_BACKEND_URL: given.PULUMI_BACKEND_URL ?? "" });
  delete process.env.FAKE;
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const runs = (...ids: string[]) => ids.forEach((id) => write(`containers/${id}`, "true"));
const knows = (ids: string[], pending: string[] = []) =>
  write(
    "state",
    JSON.stringify({
      deployment: {
        resources: ids.map((id) => ({ urn: `urn:${id}`, type: "docker:index/container:Container", id })),
        pending_operations: pending.map((name) => ({ type: "creating", resource: { inputs: { name } } })),
      },
    }),
  );
const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
/** The calls that change something, in short. */
const changes = () =>
  calls()
    .filter((call) => /^pulumi (cancel|refresh)|^docker (stop|container rm|network rm)/.test(call))
    .map((call) =>
      call
        .replace(/--\S+ ?|-t 60 /g, "")
        .replace(/ prod$/, "")
        .trim(),
    );

const mayRemove = jest.fn<Promise<void>, [string[]]>();
beforeEach(() => mayRemove.mockReset().mockResolvedValue());
const recovered = (force = false) =>
  recover({ stack: "prod", environment: process.env }, { force, mayRemove });

const lockedBy = (host: string, pid: number) =>
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock " +
  `file with \`pulumi cancel\`.\n  s3://team/.pulumi/locks/organization/dating/prod/3f.json: created by ana@${host} ` +
  `(pid ${pid}) at 2026-11-20T10:00:00Z\n`;
/** Above the highest process id of Linux, 2^22. */
const gone = 2 ** 22 + 1;
const conflict =
  "error: [409] Conflict: Another update is currently in progress.\nTo learn more about possible reasons and resolution, " +
  "visit https://www.pulumi.com/docs/support/troubleshooting/common-issues/update-conflicts/\n";

describe("the lock of a backend that is no folder", () => {
  beforeEach(() => {
    knows(["bot"]);
    runs("bot");
  });

  test("is left alone where there is none", async () => {
    await recovered();
    expect(changes()).toEqual(["pulumi refresh"]);
  });

  test("of a process of this machine that is gone is removed, in a bucket", async () => {
    write("refusal", lockedBy(hostname(), gone));
    await recovered();
    expect(changes()).toEqual(["pulumi refresh", "pulumi cancel", "pulumi refresh"]);
  });

  test.each([
    [
      "of another machine",
      lockedBy("runner-7", gone),
      /deployed by ana@runner-7 \(pid \d+\) since 2026-11-20T10/,
    ],
    ["of a process that runs", lockedBy(hostname(), process.pid), /deployed by ana@/],
    ["of somebody whom Pulumi Cloud does not name", conflict, /is being deployed, says the backend/],
  ])("%s is removed only with --force", async (_, refusal, message) => {
    write("refusal", refusal);
    await expect(recovered()).rejects.toThrow(message);
    await expect(recovered()).rejects.toThrow("./dating recover prod --force");
    await expect(recovered()).rejects.toThrow(Refused);
    expect(changes()).toEqual(Array(3).fill("pulumi refresh"));
    await recovered(true);
    expect(changes().slice(3)).toEqual(["pulumi refresh", "pulumi cancel", "pulumi refresh"]);
  });

  test("is not what another failure is taken for", async () => {
    write("refusal", "error: AccessDenied\n");
    await expect(recovered(true)).rejects.toThrow(new OperatorError("pulumi refresh failed: see above"));
    expect(changes()).toEqual(["pulumi refresh"]);
  });
});

describe("a killed restore to a point in time", () => {
  const removals = () => calls().filter((call) => /^docker (rm|volume rm)/.test(call));
  const container = (name: string, state: string, begun: Omit<Holder, "doing" | "token">) => {
    const { who, since, machine, pid, started } = begun;
    return [name, name, state, who, since, "", machine, pid, started].join("\t") + "\n";
  };
  const here = thisProcess();
  beforeEach(() => {
    knows(["bot"]);
    runs("bot");
  });

  test("has left containers and a volume, which are removed: the server before the one that it depends on", async () => {
    const ended = { ...here, pid: gone };
    write(
      "point-in-time",
      container("reader", "running", ended) + container("reader-server", "created", ended),
    );
    write("volumes", "files\n");
    await recovered();
    expect(removals()).toEqual([
      "docker rm --force --volumes reader-server",
      "docker rm --force --volumes reader",
      "docker volume rm --force files",
    ]);
  });

  test("is told from one that may be at work, which only --force removes", async () => {
    write(
      "point-in-time",
      container("mine", "running", here) + container("anas", "running", { ...here, who: "ana@laptop" }),
    );
    await recovered();
    expect(removals()).toEqual([]);
    await recovered(true);
    expect(removals()).toEqual(["docker rm --force --volumes mine", "docker rm --force --volumes anas"]);
  });
});

describe("what no deploy knows", () => {
  test("is listed and asked for before anything changes, and removed then", async () => {
    knows(["bot"]);
    runs("bot", "left");
    mayRemove.mockRejectedValueOnce(new Refused("Nothing was changed."));
    await expect(recovered()).rejects.toThrow("Nothing was changed.");
    expect(mayRemove).toHaveBeenCalledWith(["container left"]);
    expect(changes()).toEqual([]);

    await recovered();
    expect(changes()).toEqual(["pulumi refresh", "docker stop left", "docker container rm left"]);
    expect(existsSync(join(folder, "containers/bot"))).toBe(true);
  });

  test("is not asked for where there is nothing", async () => {
    knows(["bot"]);
    runs("bot");
    await recovered();
    expect(mayRemove).not.toHaveBeenCalled();
  });
});

describe("a state that knows none of the containers that run", () => {
  test("is another one's: it is refused, with what to do", async () => {
    knows(["of-an-older-deploy"]);
    runs("dating-prod-bot", "dating-prod-postgres");
    const refused = recovered(true);
    await expect(refused).rejects.toThrow(Refused);
    await expect(refused).rejects.toThrow(
      /None of the running containers of stack prod is in its state in s3:\/\/team: dating-prod-bot, dating-prod-postgres\.[^]*pulumi login[^]*docker rm --force dating-prod-bot dating-prod-postgres/,
    );
    expect(mayRemove).not.toHaveBeenCalled();
    expect(changes()).toEqual([]);
  });

  test("is this one's where a first deploy was killed, which had begun to make one of them", async () => {
    knows([], ["dating-prod-postgres"]);
    runs("dating-prod-postgres");
    await recovered();
    expect(mayRemove).toHaveBeenCalledWith(["container dating-prod-postgres"]);
    expect(changes()).toContain("docker container rm dating-prod-postgres");
  });

  test("is no trouble where none runs", async () => {
    knows([]);
    write("containers/stopped", "false");
    await recovered();
    expect(changes()).toContain("docker container rm stopped");
  });
});

test("what an interrupted restore has stopped is not started, and what ends it is said", async () => {
  const gate = {
    ...{ urn: "urn:gate", type: "command:local:Command", id: "gate" },
    inputs: { create: "node hooks/switch.mts", environment: { CONTAINER: "postgres" } },
  };
  const postgres = {
    urn: "urn:postgres",
    type: "docker:index/container:Container",
    id: "postgres",
    inputs: {},
  };
  write("state", JSON.stringify({ deployment: { resources: [gate, postgres], pending_operations: [] } }));
  write("containers/postgres", "false");
  write("unfinished-restore", "id");
  await recovered();
  expect(console.log).toHaveBeenCalledWith(
    expect.stringMatching(/^Nothing is started: a restore was interrupted[^]*backup undo prod/),
  );
});

test("Docker without an answer is not a host without containers", async () => {
  knows(["bot"]);
  write("silent", "");
  await expect(recovered()).rejects.toThrow("connection reset by peer");
  expect(changes()).toEqual([]);
});
