import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { dump, load } from "js-yaml";

import { fill, fillText, monitoringFolder, readMonitoringFiles } from "../../../components/monitoring/files";
import { lokiConfiguration } from "../../../components/monitoring/loki";
import { localImage, projectRoot } from "../../../images/content";

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
  image: "prometheus" | "alertmanager" | "loki" | "alloy" | "promtail",
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

const prometheusValues = {
  STACK: "dating-test",
  LOG_COLLECTOR: "alloy",
  LOG_COLLECTOR_ADDRESS: "alloy:12345",
};

const alertmanagerValues = {
  ...{ ALERT_API_URL: "https://api.telegram.org", ALERT_BOT_TOKEN: "1:a", ALERT_CHAT_ID: -42 },
  HEARTBEAT_URL: "https://hc.example.com/ping/1",
};

function putPrometheus(): void {
  put("etc/prometheus/prometheus.yml", fill(files.prometheus, prometheusValues));
  for (const rule of files.rules) put(`etc/${rule.path}`, fill(rule));
  put("etc/prometheus/rules/certificate-dating.example.com.yml", certificateRule());
  const expected = { SERVICE: "bot", SERVES: "people" };
  put("etc/prometheus/rules/expected-bot.yml", fill(files.expectedRule, expected));
}

const certificateRule = () =>
  fill(files.certificateRule, { HOST: "dating.example.com", HOST_EXPRESSION: "dating[.]example[.]com" });

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
  const seen = (fires: boolean) =>
    [
      ...new Set(
        cases.filter((each) => Boolean(each.exp_alerts) === fires).map(({ alertname }) => alertname),
      ),
    ].sort();
  expect(seen(true)).toEqual([...alerts].sort());
  // The one that is always on has no quiet time.
  expect(seen(false)).toEqual(alerts.filter((alert) => alert !== "Watchdog").sort());
});

test("every alert has a place in the page that says what to do, and nothing else has", () => {
  const rules = [...files.rules, files.certificateRule].flatMap(
    ({ document }) => (document as { groups: { rules: { alert?: string }[] }[] }).groups,
  );
  const alerts = rules.flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []));
  const page = readFileSync(join(projectRoot, "docs/reference/alerts.md"), "utf8");
  expect([...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name).sort()).toEqual(alerts.sort());
});

test("a certificate that is missing for an hour wakes somebody, and nobody where it is there or not to be known", () => {
  cpSync(join(monitoringFolder, "prometheus"), join(folder, "monitoring"), { recursive: true });
  put("monitoring/certificate.yml", certificateRule());
  const { status, text } = tool(
    "prometheus",
    "promtool",
    "test",
    "rules",
    "/monitoring/tests/certificate.yml",
  );
  expect(text).toContain("SUCCESS");
  expect(status).toBe(0);
});

test("amtool accepts Alertmanager's configuration", () => {
  put("alertmanager.yml", fill(files.alertmanager, alertmanagerValues));
  const { status, text } = tool("alertmanager", "amtool", "check-config", "/alertmanager.yml");
  expect(text).toContain("SUCCESS");
  expect(text).toMatch(/2 receivers/);
  expect(status).toBe(0);
});

test.each([
  [["alertname=Watchdog", "severity=none"], "heartbeat"],
  [["alertname=ServiceDown", "severity=critical"], "telegram"],
  [["alertname=DiskFills", "severity=warning"], "telegram"],
])("an alert with %j goes to %s", (labels, receiver) => {
  put("alertmanager.yml", fill(files.alertmanager, alertmanagerValues));
  const route = ["config", "routes", "test", "--config.file=/alertmanager.yml", ...labels];
  expect(tool("alertmanager", "amtool", ...route)).toMatchObject({ status: 0, text: `${receiver}\n` });
});

test("Telegram is told what goes on and what is over, apart from each other", () => {
  interface Receivers {
    receivers: { telegram_configs?: { message: string }[] }[];
  }
  const [telegram] = (files.alertmanager.document as Receivers).receivers;
  const alert = (status: string, summary: string) => ({ status, labels: {}, annotations: { summary } });
  const render = (...alerts: object[]) => {
    put(
      "data.json",
      JSON.stringify({ status: "firing", alerts, commonLabels: { alertname: "A", stack: "dating-prod" } }),
    );
    const template = [
      "--template.glob=/none/*.tmpl",
      `--template.text=${telegram!.telegram_configs![0]!.message}`,
    ];
    const { text } = tool(
      "alertmanager",
      "amtool",
      "template",
      "render",
      ...template,
      "--template.data=/data.json",
    );
    return text.trim();
  };
  const [on, over] = [alert("firing", "one is down"), alert("resolved", "two is down")];
  expect(render(on)).toBe("🔥 <b>A</b> (dating-prod)\none is down");
  expect(render(over)).toBe("✅ <b>A</b> (dating-prod) is over:\ntwo is down");
  expect(render(on, over)).toBe(
    "🔥 <b>A</b> (dating-prod)\none is down\n✅ <b>A</b> (dating-prod) is over:\ntwo is down",
  );
});

test("Loki accepts its configuration, and refuses a wrong one", () => {
  const verify = () => tool("loki", "/usr/bin/loki", "-verify-config", "-config.file=/loki.yml");
  put("loki.yml", fill(files.loki));
  expect(verify()).toMatchObject({ status: 0 });
  put("loki.yml", fill(files.loki).replace("schema: v13", "schema: v99"));
  expect(verify().status).not.toBe(0);
});

test("Loki accepts its configuration for a volume with older logs, before and after the day of the change", () => {
  const oldLogs = (until: string) => ({ configuration: files.lokiOldLogs, until });
  for (const until of ["2021-01-01", "2099-01-01"]) {
    put("loki.yml", lokiConfiguration({ configuration: files.loki, oldLogs: oldLogs(until) }));
    expect(tool("loki", "/usr/bin/loki", "-verify-config", "-config.file=/loki.yml")).toMatchObject({
      status: 0,
    });
  }
});

test("Alloy accepts its configuration, and refuses a wrong one", () => {
  const text = fillText(files.alloy, { STACK: "dating-test" });
  const validate = () => tool("alloy", "/bin/alloy", "validate", "/config.alloy");
  put("config.alloy", text);
  expect(validate()).toMatchObject({ status: 0 });
  put("config.alloy", text.replace("target_label", "target_labl"));
  expect(validate().text).toContain("target_labl");
  expect(validate().status).not.toBe(0);
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
