import { chart } from "../../recordings/sheet/chart";
import { draw } from "../../recordings/sheet/draw";
import { dashboards, expressionOf, nameOf, type Panel } from "../../recordings/sheet/model";
import { format, shown } from "../../recordings/sheet/units";

test.each<[number, string | undefined, string]>([
  [0.0148, "percentunit", "1.48 %"],
  [14_575_000, "bytes", "13.9 MiB"],
  [0, "bytes", "0 B"],
  [0.0235, "s", "23.5 ms"],
  [427, "s", "7.12 min"],
  [16_776, "s", "4.66 h"],
  [416.4, "reqps", "416 req/s"],
  [12, "suffix: lines/s", "12 lines/s"],
  [1_796_077_980_000, "dateTimeAsIso", "2026-11-30 22:33:00"],
  [7, undefined, "7"],
])("%d in %s is %s", (value, unit, text) => expect(format(value, unit)).toBe(text));

test("a number has the colour of the last threshold that it reaches, or the text that it stands for", () => {
  const thresholds = {
    steps: [
      { color: "green", value: null },
      { color: "red", value: 1 },
    ],
  };
  expect(shown(0, { thresholds })).toEqual({ text: "0", color: "green" });
  expect(shown(1, { thresholds })).toEqual({ text: "1", color: "red" });
  const mappings = [{ options: { "1": { text: "yes", color: "green" } } }];
  expect(shown(1, { thresholds, mappings })).toEqual({ text: "yes", color: "green" });
});

test("no variable is left in what is asked, and each line has a name", () => {
  for (const dashboard of dashboards())
    for (const target of dashboard.panels.flatMap(({ targets }) => targets))
      expect(expressionOf(dashboard, target)).not.toContain("$");
  const target = { datasource: { uid: "loki" as const }, expr: "" };
  expect(nameOf({ ...target, legendFormat: "{{service}} {{image}}" }, { service: "bot", image: "b:1" })).toBe(
    "bot b:1",
  );
  expect(nameOf(target, { __name__: "up", job: "bot" })).toBe("job=bot");
});

test("every kind of panel is drawn, also without an answer, and no label ends the drawing", () => {
  const span = { from: 0, to: 60 };
  for (const dashboard of dashboards()) {
    const answer = { labels: { image: "<b>" }, values: [[30, "1"] as [number, string]] };
    const answers = new Map(
      dashboard.panels.map((panel) => [panel, panel.targets.map((target) => ({ target, series: [answer] }))]),
    );
    const svg = draw({ dashboard, answers, span, about: ["A drawing"] });
    expect(svg).not.toContain("<b>");
    for (const { title } of dashboard.panels) expect(svg).toContain(title);
    expect(draw({ dashboard, answers: new Map(), span, about: [] })).toContain("No data");
  }
});

test("a span of time is drawn for as long as something was there", () => {
  const panel = { type: "state-timeline", title: "Releases", targets: [] } as unknown as Panel;
  const line = (image: string, values: [number, string][]) => ({
    target: { datasource: { uid: "prometheus" as const }, expr: "", legendFormat: "{{image}}" },
    ...{ labels: { image }, values },
  });
  const svg = chart(
    panel,
    [
      line("bot:1", [
        [0, "1"],
        [20, "1"],
      ]),
      line("bot:2", [
        [30, "1"],
        [60, "1"],
      ]),
    ],
    { width: 400, height: 200 },
    { from: 0, to: 60 },
    {},
  );
  expect(svg).toContain("bot:1");
  expect(svg).toContain("bot:2");
});
