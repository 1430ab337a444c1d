import { Board, boardOf } from "../../../ops/progress/board";
import { ServiceProgress } from "../../../ops/progress/services";

const told = (progress: ServiceProgress, ...events: [id: string, action: string][]) =>
  events.map(([id, action]) => progress.take({ id, service: "bot", action }));

test("a service waits until it has a container, and is told by what that does", () => {
  const progress = new ServiceProgress(["postgres", "bot"]);
  expect(progress.services).toEqual([
    ["bot", ["waiting"]],
    ["postgres", ["waiting"]],
  ]);
  expect(
    told(
      progress,
      ["a", "create"],
      ["a", "start"],
      ["a", "exec_start: test"],
      ["a", "health_status: healthy"],
    ),
  ).toEqual(["bot: waiting", "bot: starting", undefined, "bot: healthy"]);
  expect(told(progress, ["a", "health_status: healthy"])).toEqual([undefined]);
  expect(progress.services[0]).toEqual(["bot", ["healthy"]]);
  expect(told(progress, ["a", "health_status: unhealthy"], ["a", "die"], ["a", "destroy"])).toEqual([
    "bot: unhealthy",
    "bot: stopped",
    "bot: its container is gone",
  ]);
});

test("while a release takes over, the one before is drained", () => {
  const progress = new ServiceProgress([]);
  told(progress, ["old", "health_status: healthy"]);
  expect(told(progress, ["new", "create"], ["new", "start"], ["new", "health_status: healthy"])).toEqual([
    "bot: waiting",
    "bot: starting",
    "bot: healthy",
  ]);
  expect(told(progress, ["old", "health_status: unhealthy"])).toEqual(["bot: the one before is draining"]);
  expect(progress.services).toEqual([["bot", ["healthy", "draining"]]]);
  expect(told(progress, ["old", "die"], ["old", "destroy"])).toEqual([
    "bot: the one before is stopped",
    "bot: the one before is gone",
  ]);
  expect(progress.services).toEqual([["bot", ["healthy"]]]);
});

test("a service that nobody expected is told, too", () => {
  const progress = new ServiceProgress(["postgres"]);
  told(progress, ["a", "start"]);
  expect(progress.services.map(([name]) => name)).toEqual(["bot", "postgres"]);
});

describe("the board of a deploy", () => {
  test("shows each service, and what the engine has said last", () => {
    const progress = new ServiceProgress(["postgres"]);
    told(progress, ["old", "health_status: healthy"], ["new", "create"], ["new", "start"]);
    told(progress, ["old", "health_status: unhealthy"]);
    expect(boardOf(progress, " +  Container bot creating ", 12)).toEqual([
      "  bot       starting, the one before draining",
      "  postgres  waiting",
      "  12 s  +  Container bot creating",
    ]);
  });

  test("is written anew in its place, in lines that the terminal does not break", () => {
    let written = "";
    const board = new Board({ columns: 6, write: (text) => (written += text) });
    board.show(["first line", "b"]);
    expect(written).toBe("first\nb\n");
    written = "";
    board.show(["c"]);
    expect(written).toBe("\x1b[2A\x1b[Jc\n");
  });
});
