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

/** A file of `monitoring/` in a language of its own; its placeholders `${NAME}` are not filled in yet. */
export interface MonitoringText {
  /** Path in `monitoring/`. */
  path: string;
  text: string;
}

/** What the monitoring services are told, as it is in `monitoring/`. */
export interface MonitoringFiles {
  prometheus: MonitoringFile;
  /** The alert rules: every file of `monitoring/prometheus/rules/`. */
  rules: MonitoringFile[];
  /** The rule about one host name's certificate. */
  certificateRule: MonitoringFile;
  /** The rule that says of one service that the stack has it. */
  expectedRule: MonitoringFile;
  alertmanager: MonitoringFile;
  loki: MonitoringFile;
  /** What is laid over `loki` for a volume with logs in the original's schema. */
  lokiOldLogs: MonitoringFile;
  alloy: MonitoringText;
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
    certificateRule: readYaml(folder, "prometheus/certificate.yml"),
    expectedRule: readYaml(folder, "prometheus/expected.yml"),
    alertmanager: readYaml(folder, "alertmanager/alertmanager.yml"),
    loki: readYaml(folder, "loki/loki.yml"),
    lokiOldLogs: readYaml(folder, "loki/old-logs.yml"),
    alloy: { path: "alloy/config.alloy", text: readText(folder, "alloy/config.alloy") },
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

/**
 * The text as the service gets it, without the lines that are comments (`//`): an edit of one reaches nothing.
 *
 * @throws RunError that names the file, for a placeholder that there is no value of
 */
export function fillText({ path, text }: MonitoringText, values: Placeholders = {}): string {
  return String(replace(text.replace(/^[ \t]*\/\/.*\n/gm, ""), path, values));
}

/** A file with another one laid over it: maps are merged, everything else is replaced. */
export function overlay(base: MonitoringFile, top: MonitoringFile): MonitoringFile {
  return { path: top.path, document: merged(base.document, top.document) };
}

function merged(base: unknown, top: unknown): unknown {
  if (!isMap(base) || !isMap(top)) return top;
  return { ...base, ...mapValues(top, (value, name) => (name in base ? merged(base[name], value) : value)) };
}

const isMap = (node: unknown): node is Record<string, unknown> =>
  node !== null && typeof node === "object" && !Array.isArray(node);

const mapValues = (map: Record<string, unknown>, change: (value: unknown, name: string) => unknown) =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value, name)]));

function readYaml(folder: string, path: string): MonitoringFile {
  return { path, document: attempt(path, () => load(readFileSync(join(folder, path), "utf8"))) };
}

function readText(folder: string, path: string): string {
  return attempt(path, () => readFileSync(join(folder, path), "utf8"));
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RunError(`monitoring/${path}: ${(error as Error).message}\nNothing was changed.`);
  }
}

function replace(node: unknown, path: string, values: Placeholders): unknown {
  if (Array.isArray(node)) return node.map((inner) => replace(inner, path, values));
  if (isMap(node)) return mapValues(node, (inner) => replace(inner, path, values));
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
