import { containerOf, docker } from "../../engine/support/docker";
import { expressionOf, type Answered, type Dashboard, type Panel, type Series, type Target } from "./model";

/** The time that is drawn, in seconds since 1970. */
export interface Span {
  from: number;
  to: number;
}

/** Seconds between two values. */
const step = 10;

/** Asks a stack's Prometheus and Loki for what each panel of a dashboard shows. */
export async function ask(prefix: string, dashboard: Dashboard, span: Span): Promise<Map<Panel, Answered[]>> {
  const answers = new Map<Panel, Answered[]>();
  for (const panel of dashboard.panels) {
    const answered: Answered[] = [];
    for (const target of panel.targets)
      answered.push({
        target,
        series: await seriesOf(prefix, panel, target, expressionOf(dashboard, target), span),
      });
    answers.set(panel, answered);
  }
  return answers;
}

interface Found {
  metric?: Record<string, string>;
  stream?: Record<string, string>;
  value?: [number, string];
  values?: [number | string, string][];
}

async function seriesOf(
  prefix: string,
  { type }: Panel,
  { datasource }: Target,
  query: string,
  { from, to }: Span,
): Promise<Series[]> {
  const ofLogs = datasource.uid === "loki";
  const api = ofLogs ? "http://loki:3100/loki/api/v1" : "http://127.0.0.1:9090/api/v1";
  const instant = type === "stat" || type === "table";
  const parameters = new URLSearchParams({
    query,
    ...(instant
      ? { time: String(to) }
      : {
          start: String(from),
          end: String(to),
          ...(type === "logs" ? { limit: "100" } : { step: String(step) }),
        }),
  });
  const answer = await docker(
    ...["exec", containerOf(prefix, "prometheus"), "wget", "-q", "-O", "-"],
    `${api}/${instant ? "query" : "query_range"}?${parameters.toString()}`,
  );
  const { data } = JSON.parse(answer) as { data: { result: Found[] } };
  return data.result.map(({ metric, stream, value, values = value ? [value] : [] }) => ({
    labels: metric ?? stream ?? {},
    // Lines of logs have nanoseconds, as text.
    values: values.map(([time, text]) => [typeof time === "string" ? Number(time) / 1e9 : time, text]),
  }));
}
