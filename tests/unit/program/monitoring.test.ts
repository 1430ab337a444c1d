import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { load } from "js-yaml";

import {
  fill,
  fillText,
  monitoringFolder,
  overlay,
  readMonitoringFiles,
} from "../../../components/monitoring/files";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-monitoring-"));
  cpSync(monitoringFolder, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const edit = (path: string, text: string) => writeFileSync(join(folder, path), text);

test("placeholders get the stack's values, and a whole one keeps the value's type", () => {
  edit(
    "prometheus/prometheus.yml",
    "stack: ${STACK}\nlabel: a-${STACK}-b\nchat: ${CHAT}\nfrom: 2020-10-24\n",
  );
  const text = fill(readMonitoringFiles(folder).prometheus, { STACK: "dating-dev", CHAT: -42 });
  expect(load(text)).toEqual({ stack: "dating-dev", label: "a-dating-dev-b", chat: -42, from: "2020-10-24" });
});

test("a file in a language of its own gets the values, too, and loses its comments", () => {
  edit("alloy/config.alloy", '// About it\na {\n  // ${NOTHING}\n  url = "http://${STACK}"\n}\n');
  const { alloy } = readMonitoringFiles(folder);
  expect(fillText(alloy, { STACK: "dating-dev" })).toBe('a {\n  url = "http://dating-dev"\n}\n');
  expect(() => fillText(alloy)).toThrow("monitoring/alloy/config.alloy: there is no value for ${STACK}");
});

test("a file that is laid over another adds to its maps, and replaces its lists and values", () => {
  const base = { path: "a", document: { kept: 1, map: { kept: 1, changed: 1 }, list: [1, 2] } };
  const top = { path: "b", document: { map: { changed: 2, added: { a: 1 } }, list: [3] } };
  expect(overlay(base, top)).toEqual({
    path: "b",
    document: { kept: 1, map: { kept: 1, changed: 2, added: { a: 1 } }, list: [3] },
  });
});

test("a file that is not YAML is named", () => {
  edit("prometheus/rules/alerts.yml", "groups: [");
  expect(() => readMonitoringFiles(folder)).toThrow(/^monitoring\/prometheus\/rules\/alerts\.yml: /);
});

test("a file that is not there is named", () => {
  rmSync(join(folder, "alertmanager"), { recursive: true });
  expect(() => readMonitoringFiles(folder)).toThrow(/^monitoring\/alertmanager\/alertmanager\.yml: /);
});

test("a placeholder without a value is named with those that there are", () => {
  edit("prometheus/prometheus.yml", "stack: ${STAKC}");
  expect(() => fill(readMonitoringFiles(folder).prometheus, { STACK: "dating-dev" })).toThrow(
    "monitoring/prometheus/prometheus.yml: there is no value for ${STAKC} (there are: ${STACK})",
  );
});
