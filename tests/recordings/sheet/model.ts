import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What of Grafana's model of a dashboard is drawn. */
export interface Dashboard {
  uid: string;
  title: string;
  templating: { list: { name: string; query: string }[] };
  panels: Panel[];
}

export interface Panel {
  type: "stat" | "timeseries" | "state-timeline" | "table" | "logs";
  title: string;
  /** In Grafana's grid of 24 columns. */
  gridPos: { x: number; y: number; w: number; h: number };
  targets: Target[];
  fieldConfig?: { defaults: Field };
}

export interface Target {
  datasource: { uid: "prometheus" | "loki" };
  expr: string;
  legendFormat?: string;
}

export interface Field {
  unit?: string;
  min?: number;
  max?: number;
  /** Digits after the point. @default as many as there are */
  decimals?: number;
  thresholds?: { steps: { color: string; value: number | null }[] };
  mappings?: { options: Record<string, { text: string; color: string }> }[];
}

/** One line of a panel: its labels, and its values by time in seconds. */
export interface Series {
  labels: Record<string, string>;
  values: [time: number, value: string][];
}

/** A panel's query, and what was answered to it. */
export interface Answered {
  target: Target;
  series: Series[];
}

const folder = join(__dirname, "../../../monitoring/grafana/dashboards/Dating Mini App");

/** The dashboards that the program deploys, by uid. */
export function dashboards(): Dashboard[] {
  return readdirSync(folder)
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Dashboard);
}

/** A query as Grafana sends it: with the dashboard's variables, and its own for a step of ten seconds. */
export function expressionOf({ templating }: Dashboard, { expr }: Target): string {
  const variables = [
    ...templating.list.map(({ name, query }) => [name, query] as const),
    // Four times the interval of the scrapes, as Grafana has it.
    ["__rate_interval", "1m"] as const,
    ["__auto", "30s"] as const,
  ];
  return variables.reduce((text, [name, value]) => text.replaceAll(`$${name}`, value), expr);
}

/** The name of a line, as Grafana writes it. */
export function nameOf({ legendFormat }: Target, labels: Record<string, string>): string {
  if (legendFormat !== undefined)
    return legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "");
  return Object.entries(labels)
    .filter(([name]) => name !== "__name__")
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}
