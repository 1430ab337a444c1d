import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { RunError } from "@pulumi/pulumi";
import { dump, load } from "js-yaml";

/** Where an operator edits what the monitoring services are told. */
export const monitoringFolder = join(__dirname, "../../monitoring");

/** A YAML file of `monitoring/`, read and found to be YAML; its placeholders `${NAME}` are not filled in yet. */
export interface MonitoringFile {
  /** Path in `monitoring/`. */
  path: string;
  document: unknown;
}

/** What the monitoring services are told, as it is in `monitoring/`. */
export interface MonitoringFiles {
  prometheus: MonitoringFile;
  /** The alert rules: every file of `monitoring/prometheus/rules/`. */
  rules: MonitoringFile[];
  alertmanager: MonitoringFile;
  loki: MonitoringFile;
  promtail: MonitoringFile;
}

/** Values of placeholders. */
export type Placeholders = Record<string, string | number>;

/**
 * Reads `monitoring/`.
 *
 * @throws RunError that names the file that is not there or not YAML
 */
export function readMonitoringFiles(folder = monitoringFolder): MonitoringFiles {
  const rules = readdirSync(join(folder, "prometheus/rules"))
    .filter((name) => name.endsWith(".yml"))
    .sort();
  return {
    prometheus: readYaml(folder, "prometheus/prometheus.yml"),
    rules: rules.map((name) => readYaml(folder, `prometheus/rules/${name}`)),
    alertmanager: readYaml(folder, "alertmanager/alertmanager.yml"),
    loki: readYaml(folder, "loki/loki.yml"),
    promtail: readYaml(folder, "promtail/promtail.yml"),
  };
}

/**
 * The file as the service gets it, without comments: an edit of one reaches nothing.
 *
 * @throws RunError that names the file, for a placeholder that there is no value of
 */
export function fill({ path, document }: MonitoringFile, values: Placeholders = {}): string {
  return dump(replace(document, path, values), { lineWidth: -1, noRefs: true });
}

function readYaml(folder: string, path: string): MonitoringFile {
  try {
    return { path, document: load(readFileSync(join(folder, path), "utf8")) };
  } catch (error) {
    throw new RunError(`monitoring/${path}: ${(error as Error).message}\nNothing was changed.`);
  }
}

function replace(node: unknown, path: string, values: Placeholders): unknown {
  if (Array.isArray(node)) return node.map((inner) => replace(inner, path, values));
  if (node !== null && typeof node === "object") {
    return Object.fromEntries(
      Object.entries(node).map(([name, inner]) => [name, replace(inner, path, values)]),
    );
  }
  if (typeof node !== "string") return node;
  const valueOf = (name: string) => {
    if (values[name] !== undefined) return values[name];
    const known = Object.keys(values).map((each) => `\${${each}}`);
    throw new RunError(
      `monitoring/${path}: there is no value for \${${name}} (there are: ${known.join(", ") || "none"}).\nNothing was changed.`,
    );
  };
  // A placeholder that is all of a value keeps the value's type.
  const whole = /^\$\{([A-Z_]+)\}$/.exec(node);
  return whole
    ? valueOf(whole[1]!)
    : node.replace(/\$\{([A-Z_]+)\}/g, (_, name: string) => String(valueOf(name)));
}
