import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { RunError } from "@pulumi/pulumi";
import { load } from "js-yaml";

import { monitoringFolder } from "../files";

/** A dashboard as its file has it, in Grafana's JSON model. */
export interface DashboardFile {
  /** Path in `monitoring/`. */
  path: string;
  uid: string;
  title: string;
  /** Name of the folder that its file is in. */
  folder: string;
  model: Record<string, unknown>;
}

/** A data source as `monitoring/grafana/datasources.yml` has it, in the form of Grafana's provisioning. */
export interface DataSourceFile {
  name: string;
  type: string;
  uid: string;
  url: string;
  isDefault: boolean;
}

/** What Grafana shows. */
export interface GrafanaFiles {
  dataSources: DataSourceFile[];
  dashboards: DashboardFile[];
}

/**
 * Reads `monitoring/grafana/`: the data sources, and one dashboard from each JSON file in a folder of `dashboards/`.
 *
 * @param constants values of the stack, which a dashboard has as variables of the type `constant` under these names
 * @throws RunError that lists every problem with its file: invalid JSON, no uid or title, a uid that is used twice, a
 * title that is used twice in a folder, a data source that does not exist
 */
export function readGrafanaFiles(
  constants: Record<string, string> = {},
  root = monitoringFolder,
): GrafanaFiles {
  const problems: string[] = [];
  const dataSources = readDataSources(root, problems);
  const dashboards = readDashboards(root, problems);
  for (const { model } of dashboards) fillConstants(model, constants);
  const known = new Set(dataSources.map(({ uid }) => uid));
  for (const [index, { path, folder, title, uid, model }] of dashboards.entries()) {
    const earlier = dashboards.slice(0, index);
    const sameUid = earlier.find((other) => other.uid === uid);
    if (sameUid)
      problems.push(`${path}: the uid "${uid}" is that of ${sameUid.path} too: give it another one`);
    // Grafana before 11.3 takes the second for an edit of the first.
    const sameTitle = earlier.find((other) => other.title === title && other.folder === folder);
    if (sameTitle && !sameUid)
      problems.push(`${path}: the title "${title}" is that of ${sameTitle.path} too: give it another one`);
    for (const missing of new Set(usedDataSources(model).filter((used) => !known.has(used)))) {
      problems.push(
        `${path}: there is no data source with the uid "${missing}" in grafana/datasources.yml ` +
          `(there are: ${[...known].join(", ")})`,
      );
    }
  }
  if (problems.length > 0) {
    throw new RunError(
      `${problems.map((problem) => `monitoring/${problem}`).join("\n")}\nNothing was changed.`,
    );
  }
  return { dataSources, dashboards };
}

function readDataSources(root: string, problems: string[]): DataSourceFile[] {
  const path = "grafana/datasources.yml";
  try {
    const { datasources } = load(readFileSync(join(root, path), "utf8")) as { datasources: DataSourceFile[] };
    for (const { name, uid } of datasources)
      if (!uid) problems.push(`${path}: the data source ${name} has no uid`);
    return datasources;
  } catch (error) {
    problems.push(`${path}: ${(error as Error).message}`);
    return [];
  }
}

function readDashboards(root: string, problems: string[]): DashboardFile[] {
  const base = join(root, "grafana/dashboards");
  const folders = existsSync(base) ? readdirSync(base, { withFileTypes: true }) : [];
  const found = folders
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: folder }) =>
      readdirSync(join(base, folder))
        .filter((name) => name.endsWith(".json"))
        .map((name) => ({ folder, path: `grafana/dashboards/${folder}/${name}` })),
    )
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return found.flatMap(({ folder, path }) => {
    try {
      const model = JSON.parse(readFileSync(join(root, path), "utf8")) as Record<string, unknown>;
      const { uid, title } = model;
      if (typeof uid !== "string" || !/^[A-Za-z0-9_-]{1,40}$/.test(uid)) {
        problems.push(
          `${path}: "uid" must be 1 to 40 letters, digits, - and _: by it a deploy finds the dashboard again`,
        );
        return [];
      }
      if (typeof title !== "string" || title === "") {
        problems.push(`${path}: "title" is missing`);
        return [];
      }
      return [{ path, folder, uid, title, model }];
    } catch (error) {
      problems.push(`${path}: ${(error as Error).message}`);
      return [];
    }
  });
}

interface Variables {
  templating?: { list?: { type?: string; name?: string; query?: string }[] };
}

function fillConstants(model: Record<string, unknown>, constants: Record<string, string>): void {
  for (const variable of (model as Variables).templating?.list ?? []) {
    const value = variable.type === "constant" ? constants[variable.name ?? ""] : undefined;
    if (value !== undefined) variable.query = value;
  }
}

/** The uids of data sources anywhere in a model; Grafana's own (`-- Grafana --`) and variables are none. */
export function usedDataSources(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(usedDataSources);
  if (node === null || typeof node !== "object") return [];
  return Object.entries(node).flatMap(([name, value]) => {
    const uid = (value as { uid?: unknown } | null)?.uid;
    if (name !== "datasource" || typeof uid !== "string") return usedDataSources(value);
    return /^(-- |grafana$|\$)/.test(uid) ? [] : [uid];
  });
}
