import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readGrafanaFiles } from "../../components/monitoring/dashboards";
import { deployMessage, overwritten } from "../../components/monitoring/edited-dashboards";
import { monitoringFolder } from "../../components/monitoring/files";

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
  const { dashboards } = readGrafanaFiles(root);
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
  expect(() => readGrafanaFiles(root)).toThrow(message);
});

test("all problems are told at once", () => {
  edit("another", (model) => delete model.uid);
  writeFileSync(file("broken"), "{");
  expect(() => readGrafanaFiles(root)).toThrow(
    /another\.json: "uid" must be[^]*broken\.json: [^]*Nothing was changed\.$/,
  );
});

describe("what a deploy overwrites in Grafana", () => {
  const saved = (version: number, message: string) => ({
    ...{ version, message, created: "2026-01-02T03:04:05Z", createdBy: "anna" },
  });
  const [before, after] = [{ title: "Before" }, { title: "After" }];
  const deploy = (version: number) => saved(version, deployMessage(before));

  test.each([
    ["nothing, where nobody edited it", after, [deploy(1)], undefined],
    ["nothing, where the file is as it was deployed", before, [saved(2, "mine"), deploy(1)], undefined],
    ["nothing, where there is no such dashboard", after, [], undefined],
    ["the newest edit, where the file has changed", after, [saved(3, ""), saved(2, "mine"), deploy(1)], 3],
    ["a dashboard that was there before the first deploy", after, [saved(1, "")], 1],
  ])("%s", (_, model, versions, version) => {
    expect(overwritten({ model }, versions)?.version).toBe(version);
  });
});
