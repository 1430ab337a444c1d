import { chart } from "./chart";
import type { Span } from "./ask";
import type { Answered, Dashboard, Panel } from "./model";
import { escape, ink, write, type Line, type Size } from "./svg";
import { format, shown } from "./units";

/** A dashboard with what was answered to each panel's queries. */
export interface Sheet {
  dashboard: Dashboard;
  answers: Map<Panel, Answered[]>;
  span: Span;
  /** What was done meanwhile, in words. */
  about: string[];
}

/** Pixels of a column and of a row of Grafana's grid, between panels, and above them all. */
const [column, row, gap] = [50, 34, 8];
const colours: Record<string, string> = {
  ...{ red: "#dc2626", green: "#15803d", orange: "#c2410c", text: ink },
};
const [paper, panelColour, quiet] = ["#f1f5f9", "#ffffff", "#475569"];

/** Draws a dashboard as Grafana lays it out, as SVG. It is a drawing, and says so. */
export function draw({ dashboard, answers, about, span }: Sheet): string {
  const head = 40 + about.length * 16;
  const bottom = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const [width, height] = [24 * column + gap, head + bottom * row + gap];
  const drawn = dashboard.panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const [left, top] = [x * column + gap, head + y * row];
    const size = { width: w * column - gap, height: h * row - gap };
    return [
      `<svg x='${left}' y='${top}' width='${size.width}' height='${size.height}'>`,
      `<rect width='100%' height='100%' rx='4' fill='${panelColour}'/>`,
      write(10, 19, 12, panel.title, `fill='${ink}' font-weight='600'`),
      drawPanel(panel, answers.get(panel) ?? [], size, span),
      "</svg>",
    ].join("");
  });
  return [
    `<svg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}' viewBox='0 0 ${width} ${height}'>`,
    `<title>${escape(dashboard.title)}</title>`,
    `<rect width='100%' height='100%' fill='${paper}'/>`,
    write(gap, 26, 18, dashboard.title, `fill='${ink}' font-weight='600'`),
    ...about.map((line, index) => write(gap, 46 + index * 16, 11, line, `fill='${quiet}'`)),
    ...drawn,
    "</svg>",
  ].join("\n");
}

function drawPanel(panel: Panel, answered: Answered[], size: Size, span: Span): string {
  const lines = answered.flatMap(({ target, series }) => series.map((one) => ({ target, ...one })));
  if (lines.length === 0) return write(10, size.height / 2 + 10, 12, "No data", `fill='${quiet}'`);
  switch (panel.type) {
    case "stat":
      return drawStat(panel, lines, size);
    case "timeseries":
    case "state-timeline":
      return chart(panel, lines, size, span, colours);
    case "table":
      return drawTable(panel, lines, size);
    case "logs":
      return drawLogs(lines, size);
  }
}

function drawStat(panel: Panel, lines: Line[], { width, height }: Size): string {
  const share = width / lines.length;
  return lines
    .map(({ values }, index) => {
      const { text, color } = shown(Number(values.at(-1)![1]), panel.fieldConfig?.defaults);
      const place = `text-anchor='middle' font-weight='600' fill='${colours[color] ?? color}'`;
      return write(share * (index + 0.5), height / 2 + 22, 30, text, place);
    })
    .join("");
}

/** As many lines as there is room for, each as long as it is wide; a line is its cells, each at a place in pixels. */
function drawText(lines: [x: number, text: string][][], { width, height }: Size): string {
  const room = Math.floor((height - 34) / 15);
  return lines
    .slice(0, room)
    .flatMap((cells, index) =>
      cells.map(([x, text]) => {
        const wide = Math.floor((width - x - 10) / letter);
        return write(x, 42 + index * 15, 10, text.length > wide ? `${text.slice(0, wide - 1)}…` : text);
      }),
    )
    .join("");
}

/** Pixels that a letter takes at most, of the usual ones. */
const letter = 6;

function drawTable(panel: Panel, lines: Line[], size: Size): string {
  const unit = panel.fieldConfig?.defaults.unit;
  const names = [...new Set(lines.flatMap(({ labels }) => Object.keys(labels)))].filter(
    (name) => name !== "__name__",
  );
  const rows = [
    [...names, "Value"],
    ...lines.map(({ labels, values }) => [
      ...names.map((name) => labels[name] ?? ""),
      format(Number(values.at(-1)![1]), unit),
    ]),
  ];
  const widths = rows[0]!.map((_, index) => Math.max(...rows.map((cells) => cells[index]!.length)));
  const places = widths.map((_, index) =>
    widths.slice(0, index).reduce((left, wide) => left + (wide + 1) * letter, 10),
  );
  return drawText(
    rows.map((cells) => cells.map((cell, index) => [places[index]!, cell])),
    size,
  );
}

function drawLogs(lines: Line[], size: Size): string {
  const newest = lines
    .flatMap(({ values }) => values)
    .sort(([left], [right]) => right - left)
    .map(([time, text]) => `${new Date(time * 1000).toISOString().slice(11, 19)} ${text}`);
  return drawText(
    newest.map((text) => [[10, text]]),
    size,
  );
}
