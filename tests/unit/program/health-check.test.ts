import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { dockerHealthCheck, drainFile, type HealthCheck } from "../../../components/health-check";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dating-health-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const drainable = (check: HealthCheck) => dockerHealthCheck(check, { drainable: true, quickStart: true });

/** Runs the check as Docker does, with the mark for draining in a folder of the test, and without its pauses. */
function run(command: string): number | null {
  const { tests } = drainable({ command });
  const script = tests[1]!.replace(drainFile, join(folder, "drain"));
  writeFileSync(join(folder, "sleep"), "#!/bin/sh\n", { mode: 0o755 });
  return spawnSync("/bin/sh", ["-c", script], { env: { PATH: `${folder}:${process.env.PATH}` } }).status;
}

const tried = () =>
  existsSync(join(folder, "tries")) ? readFileSync(join(folder, "tries"), "utf8").length : 0;

describe("the check of a service that is drained", () => {
  test("passes at the first good answer, and asks no more", () => {
    expect(run(`printf x >>${folder}/tries`)).toBe(0);
    expect(tried()).toBe(1);
  });

  test("asks again before it fails: a service may miss a beat", () => {
    expect(run(`printf x >>${folder}/tries; test $(wc -c <${folder}/tries) = 3`)).toBe(0);
    expect(run("false")).toBe(1);
  });

  test.each(["true || true", "true; true", "test 'a b' = \"a b\""])(
    "fails once it is marked, also for %s",
    (command) => {
      expect(run(command)).toBe(0);
      writeFileSync(join(folder, "drain"), "");
      expect(run(command)).toBe(1);
    },
  );

  test("ends an attempt that takes longer than its time", () => {
    const { tests } = drainable({ command: "sleep 60", timeout: "1 second" });
    const script = tests[1]!.replace(/for pause in [^;]*;/, "for pause in 0;");
    const begin = Date.now();
    expect(spawnSync("/bin/sh", ["-c", script]).status).toBe(1);
    expect(Date.now() - begin).toBeLessThan(20_000);
  });

  test("makes the container unhealthy at once, and has the time for all its attempts", () => {
    expect(drainable({ command: "true", timeout: "4 seconds" })).toMatchObject({
      retries: 1,
      timeout: "29s",
    });
  });
});

test("another service's check is Docker's own: three failures in a row", () => {
  const check = (command: string | string[]) =>
    dockerHealthCheck({ command }, { drainable: false, quickStart: false });
  expect(check("true || false")).toEqual({
    tests: ["CMD-SHELL", "true || false"],
    interval: "15s",
    timeout: "3s",
    startPeriod: "30s",
    retries: 3,
  });
  expect(check(["/usr/bin/loki", "-health"]).tests).toEqual(["CMD", "/usr/bin/loki", "-health"]);
});

test("a start is watched more closely, where the engine knows how", () => {
  expect(drainable({ command: "true" })).toHaveProperty("startInterval", "1s");
  expect(dockerHealthCheck({ command: "true" }, { drainable: true, quickStart: false })).not.toHaveProperty(
    "startInterval",
  );
});
