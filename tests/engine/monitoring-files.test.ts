import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { dump, load } from "js-yaml";

import { fill, monitoringFolder, readMonitoringFiles } from "../../components/monitoring/files";
import { localImage } from "../../images/content";

jest.setTimeout(120_000);

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dating-monitoring-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const files = readMonitoringFiles();
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};

/** Runs a tool of an image, with the folder's files at /, and returns its exit status and what it said. */
function tool(
  image: "prometheus" | "alertmanager" | "loki" | "promtail",
  program: string,
  ...args: string[]
) {
  const docker = (...words: string[]) => spawnSync("docker", words, { encoding: "utf8" });
  const created = docker("create", "--entrypoint", program, localImage(image), ...args);
  const id = created.stdout.trim();
  try {
    docker("cp", `${folder}/.`, `${id}:/`);
    const { status, stdout, stderr } = docker("start", "--attach", id);
    return { status, text: stdout + stderr };
  } finally {
    docker("rm", "--force", id);
  }
}

function putPrometheus(): void {
  put("etc/prometheus/prometheus.yml", fill(files.prometheus, { STACK: "dating-test" }));
  for (const rule of files.rules) put(`etc/${rule.path}`, fill(rule));
}

test("promtool accepts Prometheus' configuration and every rule", () => {
  putPrometheus();
  const { status, text } = tool(
    "prometheus",
    "promtool",
    "check",
    "config",
    "/etc/prometheus/prometheus.yml",
  );
  expect(text).toMatch(/SUCCESS: \d+ rules found/);
  expect(status).toBe(0);
});

test("promtool refuses a rule that is wrong", () => {
  putPrometheus();
  put("etc/prometheus/rules/wrong.yml", "groups: [{ name: wrong, rules: [{ alert: A, expr: 'sum(' }] }]");
  const { status, text } = tool(
    "prometheus",
    "promtool",
    "check",
    "config",
    "/etc/prometheus/prometheus.yml",
  );
  expect(text).toContain("wrong.yml");
  expect(status).not.toBe(0);
});

test("every alert has a unit test, and all of them pass", () => {
  cpSync(join(monitoringFolder, "prometheus"), join(folder, "monitoring"), { recursive: true });
  const { status, text } = tool("prometheus", "promtool", "test", "rules", "/monitoring/tests/alerts.yml");
  expect(text).toContain("SUCCESS");
  expect(status).toBe(0);
  interface Rules {
    groups: { rules: { alert?: string }[] }[];
  }
  const alerts = files.rules.flatMap(({ document }) =>
    (document as Rules).groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])),
  );
  interface Tests {
    tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
  }
  const written = readFileSync(join(monitoringFolder, "prometheus/tests/alerts.yml"), "utf8");
  const { tests } = load(written) as Tests;
  const cases = tests.flatMap((each) => each.alert_rule_test);
  const fired = new Set(cases.filter((each) => each.exp_alerts).map((each) => each.alertname));
  expect([...fired].sort()).toEqual([...alerts].sort());
});

test("amtool accepts Alertmanager's configuration", () => {
  const values = { ALERT_API_URL: "https://api.telegram.org", ALERT_BOT_TOKEN: "1:a", ALERT_CHAT_ID: -42 };
  put("alertmanager.yml", fill(files.alertmanager, values));
  const { status, text } = tool("alertmanager", "amtool", "check-config", "/alertmanager.yml");
  expect(text).toContain("SUCCESS");
  expect(text).toMatch(/1 receivers/);
  expect(status).toBe(0);
});

test("Loki accepts its configuration, and refuses a wrong one", () => {
  const verify = () => tool("loki", "/usr/bin/loki", "-verify-config", "-config.file=/loki.yml");
  put("loki.yml", fill(files.loki));
  expect(verify()).toMatchObject({ status: 0 });
  put("loki.yml", fill(files.loki).replace("schema: v13", "schema: v99"));
  expect(verify().status).not.toBe(0);
});

test("Promtail accepts its configuration, and refuses a wrong one", () => {
  const verify = () => tool("promtail", "/usr/bin/promtail", "-check-syntax", "-config.file=/promtail.yml");
  put("promtail.yml", fill(files.promtail, { STACK: "dating-test" }));
  expect(verify()).toMatchObject({ status: 0 });
  put("promtail.yml", "scrape_configs: [{ jbo_name: a }]");
  expect(verify().status).not.toBe(0);
});

test("Promtail, run dry, gives a line of the bot its level and its event, and no other service's", () => {
  interface Scrape {
    scrape_configs: Record<string, unknown>[];
  }
  const run = (service: string) => {
    const config = load(fill(files.promtail, { STACK: "dating-test" })) as Scrape;
    config.scrape_configs[0]!.static_configs = [{ labels: { service } }];
    put("promtail.yml", dump(config));
    put("line", '{"level":"INFO","message":"m","event_type":"like"}\n');
    // It ends with its input, and would not wait for what it has read to be printed.
    const dryRun = "(cat /line; sleep 1) | promtail -stdin -dry-run -config.file=/promtail.yml";
    return tool("promtail", "sh", "-c", dryRun).text;
  };
  expect(run("bot")).toContain('{event_type="like", level="INFO", service="bot"}');
  expect(run("webapp")).toContain('{service="webapp"}');
});
