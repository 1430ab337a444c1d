import * as echarts from "echarts";

import type { Span } from "./ask";
import { nameOf, type Field, type Panel } from "./model";
import type { Line, Size } from "./svg";
import { format } from "./units";

/** Pixels of a letter of the legend, of the mark before a name, and of a row of it. */
const [letter, mark, legendRow] = [6, 36, 16];

/** Draws lines over time, or, of a `state-timeline`, when each of them was there. */
export function chart(
  panel: Panel,
  lines: Line[],
  size: Size,
  { from, to }: Span,
  colours: Record<string, string>,
): string {
  const named = lines.map((line) => ({ ...line, name: nameOf(line.target, line.labels) }));
  const one = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  one.setOption({
    ...{ animation: false, useUTC: true },
    xAxis: {
      ...{ type: "time", min: from * 1000, max: to * 1000 },
      axisLabel: { fontSize: 10, hideOverlap: true, formatter: "{HH}:{mm}" },
    },
    ...(panel.type === "timeseries" ? overTime(panel, named, size, colours) : states(named)),
  });
  const svg = one.renderToSVGString();
  // A chart that lives keeps the process.
  one.dispose();
  return svg;
}

type Named = Line & { name: string };

function overTime(
  { fieldConfig }: Panel,
  lines: Named[],
  { width }: Size,
  colours: Record<string, string>,
): object {
  const field: Field = fieldConfig?.defaults ?? {};
  const legendWidth = lines.reduce((sum, { name }) => sum + mark + name.length * letter, 0);
  const legendRows = Math.ceil(legendWidth / (width - 40));
  return {
    grid: { left: 74, right: 18, top: 34, bottom: 30 + legendRows * legendRow },
    legend: {
      ...{ bottom: 4, left: 8, right: 8, itemHeight: 8, itemWidth: 14, itemGap: 8, padding: 0 },
      textStyle: { fontSize: 10 },
    },
    yAxis: {
      ...{ type: "value", min: field.min, max: field.max, splitNumber: 4 },
      ...(field.decimals === 0 && { minInterval: 1 }),
      ...(field.unit === "bytes" && ticksOfBytes(lines)),
      ...(field.max === 1 && { interval: 0.25 }),
      axisLabel: { fontSize: 10, formatter: (value: number) => format(value, field.unit) },
    },
    series: lines.map(({ name, values }, index) => ({
      ...{ type: "line", name, showSymbol: false, lineStyle: { width: 1.4 } },
      data: values.map(([time, value]) => [time * 1000, Number(value)]),
      ...(index === 0 && { markLine: thresholds(field, colours) }),
    })),
  };
}

const thresholds = ({ thresholds }: Field, colours: Record<string, string>) => ({
  ...{ silent: true, symbol: "none", label: { show: false } },
  data: (thresholds?.steps ?? []).flatMap(({ value, color }) =>
    value === null ? [] : [{ yAxis: value, lineStyle: { color: colours[color] } }],
  ),
});

/** Of bytes, ticks at multiples of a power of two: four at most. */
function ticksOfBytes(lines: Line[]): { interval: number; max: number } {
  const largest = Math.max(1, ...lines.flatMap(({ values }) => values.map(([, value]) => Number(value))));
  const interval = 2 ** Math.ceil(Math.log2(largest / 4));
  return { interval, max: Math.ceil(largest / interval) * interval };
}

/** A row for each line, filled while it was there. */
function states(lines: Named[]): object {
  const names = [...new Set(lines.map(({ name }) => name))];
  return {
    grid: { left: 10 + Math.max(...names.map(({ length }) => length)) * 6, right: 18, top: 34, bottom: 28 },
    yAxis: {
      ...{ type: "category", data: names, inverse: true, axisTick: { show: false } },
      axisLabel: { fontSize: 10, interval: 0 },
    },
    series: lines.map(({ name, values }) => ({
      ...{ type: "line", showSymbol: false, lineStyle: { width: 10, cap: "butt" } },
      data: values.map(([time]) => [time * 1000, name]),
    })),
  };
}
