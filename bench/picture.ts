/*
 * Draws what was measured last, from results/, as docs/pictures/measurements.svg.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as echarts from "echarts";

import type { Summary } from "./measure";

/** A bar: whose it is, and how long. */
type Bar = [name: string, value: number];

interface Panel {
  title: string;
  unit: "s" | "";
  bars: Bar[];
}

interface Results<Result> {
  machine: { processors: number };
  runs: number;
  results: Result[];
}

interface Rollout {
  change: string;
  name: string;
  runs: number;
  failedRequests: number;
  untilServing?: Summary;
}

/** What `make bench` wrote last, where that part of it ran. */
function results<Result>(name: string): Results<Result> | undefined {
  const file = join(__dirname, `results/${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Results<Result>) : undefined;
}

function durations(title: string, name: string): Panel[] {
  const found = results<Summary & { name: string }>(name);
  if (!found) return [];
  return [{ title, unit: "s", bars: found.results.map(({ name, median }) => [name, median]) }];
}

function rollouts(): Panel[] {
  const found = results<Rollout>("rollouts")?.results;
  if (!found) return [];
  const failed = (subject: string) => {
    const own = found.filter(({ name }) => name === subject);
    return sum(own.map(({ failedRequests, runs }) => failedRequests / runs)) / own.length;
  };
  return [
    {
      title: "A new bot image: from the command until it answers",
      unit: "s",
      bars: found
        .filter(({ change, untilServing }) => change.includes("bot image") && untilServing)
        .map(({ name, untilServing }) => [name, untilServing!.median]),
    },
    {
      title: "Failed requests in a change of a release, mean of all kinds",
      unit: "",
      bars: [...new Set(found.map(({ name }) => name))].map((subject) => [subject, failed(subject)]),
    },
  ];
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const [width, left, barHeight, panelGap] = [960, 390, 24, 46];
/** Of the picture, in pixels, in which nothing stands. */
const edge = 12;
const [ownColour, otherColour] = ["#2563eb", "#94a3b8"];

/** Ours stand out from what they are compared with. */
const colour = (name: string) => (/^(pulumi|make) /.test(name) ? ownColour : otherColour);

function draw(found: Panel[]): string {
  let top = 0;
  const places = found.map(({ bars }) => {
    const place = { top: top + panelGap, height: bars.length * barHeight };
    top = place.top + place.height;
    return place;
  });
  const { machine, runs } = results("noop")!;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height: top + 40 });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: [
      ...found.map(({ title }, index) => ({
        text: title,
        padding: 0,
        left: edge,
        top: places[index]!.top - 28,
        textStyle: { fontSize: 14 },
      })),
      {
        text: `Medians of ${runs}; what stands under one title took turns on one machine with ${machine.processors} processors.`,
        ...{ left: edge, top: top + 12, textStyle: { fontSize: 11, fontWeight: "normal", color: "#64748b" } },
      },
    ],
    grid: places.map((place) => ({ left, right: 70, ...place })),
    xAxis: found.map((_, gridIndex) => ({ type: "value", gridIndex, show: false })),
    yAxis: found.map(({ bars }, gridIndex) => ({
      ...{ type: "category", gridIndex, inverse: true, data: bars.map(([name]) => name) },
      ...{
        axisTick: { show: false },
        axisLine: { show: false },
        // From the left edge on: in a wider font, a name reaches into the room before its bar, and loses nothing.
        axisLabel: { fontSize: 12, color: "#0f172a", align: "left", margin: left - edge },
      },
    })),
    series: found.map(({ bars, unit }, index) => ({
      ...{ type: "bar", xAxisIndex: index, yAxisIndex: index, barWidth: 14 },
      data: bars.map(([name, value]) => ({ value, itemStyle: { color: colour(name) } })),
      label: {
        show: true,
        position: "right",
        formatter: ({ value }: { value: number }) => `${value.toFixed(unit ? 2 : 1)} ${unit}`.trim(),
      },
    })),
  });
  const svg = chart.renderToSVGString();
  // A chart that lives keeps the process.
  chart.dispose();
  return svg;
}

const panels = [
  ...durations("Nothing to do", "noop"),
  ...durations("A new stack, images present", "deploy"),
  ...rollouts(),
];
writeFileSync(join(__dirname, "../docs/pictures/measurements.svg"), `${draw(panels)}\n`);
