import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readGrafanaFiles } from "../../../components/monitoring/grafana/dashboards";
import {
  deployMessage,
  fingerprint,
  overwrites,
} from "../../../components/monitoring/grafana/edited-dashboards";
import { monitoringFolder } from "../../../components/monitoring/files";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dating-dashboards-"));
  cpSync(monitoringFolder, root, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const file = (name: string) => join(root, "grafana/dashboards/Dating Mini App", `${name}.json`);
const edit = (name: string, change: (model: Record<string, unknown>) => void) => {
  const model = JSON.parse(readFileSync(file("logs"), "utf8")) as Record<string, unknown>;
  change(model);
  writeFileSync(file(name), JSON.stringify(model));
};

test("every dashboard is read with its uid and the folder that it is in", () => {
  const { dashboards } = readGrafanaFiles({}, root);
  expect(dashboards.map(({ uid, folder }) => `${folder}/${uid}`)).toEqual([
    "Dating Mini App/database",
    "Dating Mini App/deployments",
    "Dating Mini App/logs",
    "Dating Mini App/overview",
  ]);
});

test.each<[string, (model: Record<string, unknown>) => void, RegExp]>([
  ["no uid", (model) => delete model.uid, /another\.json: "uid" must be/],
  ["no title", (model) => delete model.title, /another\.json: "title" is missing/],
  ["a uid that is used twice", () => undefined, /logs\.json: the uid "logs" is that of .*another\.json too/],
  [
    "an unknown data source",
    (model) => Object.assign(model, { uid: "another", panels: [{ datasource: { uid: "tempo" } }] }),
    /another\.json: there is no data source with the uid "tempo".*\(there are: prometheus, loki\)/,
  ],
])("a dashboard with %s is refused, with its file", (_, change, message) => {
  edit("another", change);
  expect(() => readGrafanaFiles({}, root)).toThrow(message);
});

test("two of one title in a folder are refused: an older Grafana takes the second for an edit of the first", () => {
  edit("another", (model) => Object.assign(model, { uid: "another" }));
  expect(() => readGrafanaFiles({}, root)).toThrow(
    /logs\.json: the title "Logs" is that of .*another\.json too/,
  );
});

test("the stack's database is the one that is asked about", () => {
  const [database] = readGrafanaFiles({ database: "matching" }, root).dashboards;
  expect(database!.model).toMatchObject({ templating: { list: [{ name: "database", query: "matching" }] } });
  for (const { model } of readGrafanaFiles({}, root).dashboards)
    expect(JSON.stringify(model)).not.toMatch(/datname=\\"dating/);
});

test("a single value is red or green where somebody says from when, and each board tells of deploys", () => {
  interface Board {
    annotations: { list: { name: string }[] };
    panels: { type: string; title: string; fieldConfig?: { defaults: { thresholds?: object } } }[];
  }
  for (const { model } of readGrafanaFiles({}, root).dashboards) {
    const { annotations, panels } = model as unknown as Board;
    expect(annotations.list.map(({ name }) => name)).toEqual(["Deploys"]);
    // Without thresholds of its own, Grafana shows 80 and more in red, and all else in green.
    const bare = panels.filter(
      ({ type, fieldConfig }) => type === "stat" && !fieldConfig?.defaults.thresholds,
    );
    expect(bare.map(({ title }) => title)).toEqual([]);
  }
});

test("all problems are told at once", () => {
  edit("another", (model) => delete model.uid);
  writeFileSync(file("broken"), "{");
  expect(() => readGrafanaFiles({}, root)).toThrow(
    /another\.json: "uid" must be[^]*broken\.json: [^]*Nothing was changed\.$/,
  );
});

describe("what a deploy overwrites in Grafana", () => {
  const [before, after] = [{ title: "Before" }, { title: "After" }];
  const last = fingerprint(before);
  const inGrafana = (model: object, message = "") => ({
    ...{ model: { ...model }, message, version: 2, created: "2026-01-02T03:04:05Z", createdBy: "anna" },
  });
  const mine = { title: "Mine" };

  test.each([
    ["nothing, where nobody edited it", after, last, inGrafana(before, deployMessage(before)), false],
    ["nothing, where the file is as it was deployed", before, last, inGrafana(mine), false],
    ["an edit, where the file has changed", after, last, inGrafana(mine, "more lines"), true],
    ["nothing, where the edit was taken back", after, last, inGrafana(before, "as it was"), false],
    ["nothing, where the file says the same", mine, last, inGrafana(mine), false],
    // Its outputs are of the deploy before.
    [
      "nothing, where a deploy that failed saved it",
      after,
      last,
      inGrafana(mine, deployMessage(mine)),
      false,
    ],
    ["nothing that is known, where nobody knows what was deployed", after, undefined, inGrafana(mine), false],
  ])("%s", (_, model, known, now, expected) => expect(overwrites({ model }, known, now)).toBe(expected));

  test("what Grafana counts, and the order of a model, are no difference", () => {
    const model = { uid: "logs", title: "Logs", panels: [{ title: "Lines" }] };
    const kept = { id: 7, panels: [{ id: 1, title: "Lines" }], title: "Logs", uid: "logs", version: 4 };
    expect(fingerprint(kept)).toBe(fingerprint(model));
    expect(fingerprint({ ...kept, panels: [] })).not.toBe(fingerprint(model));
  });
});
