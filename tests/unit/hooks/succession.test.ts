import type { Inspected } from "../../../hooks/lib/docker.mts";
import { planSuccession } from "../../../hooks/lib/succession.mts";

const never = "0001-01-01T00:00:00Z";
let made = 0;

/** A container as `docker inspect` shows it. */
function container(
  name: string,
  state: { running?: boolean; started?: string; checks?: number[] },
): Inspected {
  const { running = false, started = `2026-11-20T10:00:0${made++}.5Z`, checks = [] } = state;
  const log = checks.map((ExitCode) => ({ Start: "", End: "", ExitCode, Output: "" }));
  return {
    Name: `/${name}`,
    State: { Running: running, StartedAt: started, Health: { Status: "unhealthy", Log: log } },
  } as Inspected;
}

const names = (others: Inspected[]) => {
  const { stop, before } = planSuccession(others);
  return { stop: stop.map(({ Name }) => Name), before: before?.Name };
};

test("the first container of a service stops nothing, and nothing comes back in its place", () => {
  expect(names([])).toEqual({ stop: [], before: undefined });
});

test("the one that runs is stopped and would come back, whatever its health is", () => {
  const others = [
    container("failed", { checks: [1] }),
    container("old", { running: true, checks: [0, 1, 1] }),
    container("never started", { started: never }),
  ];
  expect(names(others)).toEqual({ stop: ["/old"], before: "/old" });
});

test("where none runs, as after a kill, the last one that was ever healthy would come back", () => {
  const others = [
    container("older", { checks: [0, 0] }),
    container("old", { checks: [0, 1] }),
    container("failed", { checks: [1, 1] }),
    container("never started", { started: never }),
  ];
  expect(names(others)).toEqual({ stop: [], before: "/old" });
});

test("where none was ever healthy, none comes back", () => {
  expect(
    names([container("failed", { checks: [1] }), container("new", { started: never })]).before,
  ).toBeUndefined();
});

test("of two that run, as somebody has started one by hand, both are stopped and the last comes back", () => {
  const others = [container("one", { running: true }), container("two", { running: true })];
  expect(names(others)).toEqual({ stop: ["/one", "/two"], before: "/two" });
});
