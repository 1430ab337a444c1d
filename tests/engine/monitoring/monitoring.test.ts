import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { localImage } from "../../../images/content";
import { serviceNames } from "../../../config/keys";
import { application, sql } from "../support/application";
import { containerOf, docker, inspect, services } from "../support/docker";
import { request } from "../support/http";
import { logs, until } from "../support/loki";
import type { Project } from "../support/project";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
let url: string;
/** The container of a service of the stack, or of one that only the test has. */
const container = (service: string) =>
  (serviceNames as readonly string[]).includes(service)
    ? containerOf(project.prefix, service)
    : `${project.prefix}-${service}`;

/** A Bot API that writes down what it is asked, on the stack's network. */
const telegram = `
import http.server
class Api(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        body = b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":-42,"type":"group"}}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("", 8000), Api).serve_forever()
`;

async function startTelegram(): Promise<void> {
  await docker(
    ...["run", "--detach", "--name", container("telegram"), "--label", `dating.stack=${project.prefix}`],
    ...["--network", `${project.prefix}-egress`, "--network-alias", "telegram", "--entrypoint", "python3"],
    ...[localImage("bot"), "-c", telegram],
  );
}

/**
 * Two containers in trouble: one that ends again and again, and one that wants more memory than it may have. What ends within
 * 10 seconds the Docker Engine starts later and later, up to a minute.
 */
async function startTrouble(): Promise<void> {
  const start = (name: string, options: string[], ...command: string[]) =>
    docker(
      ...["run", "--detach", "--name", container(name), "--network", "none", ...options],
      ...["--label", `dating.stack=${project.prefix}`, "--label", `dating.service=${name}`],
      ...["--entrypoint", command[0]!, localImage("bot"), ...command.slice(1)],
    );
  await start("restless", ["--restart", "always"], "sleep", "11");
  await until(
    () => query("node_vmstat_oom_kill"),
    (answer) => "node" in answer,
  );
  await start("greedy", ["--memory", "32m"], "python3", "-c", "bytearray(2 ** 28)");
}

/** The value of an expression for each job, or another label, asked of the stack's own Prometheus. */
async function query(expression: string, label = "job"): Promise<Record<string, string>> {
  const output = await docker(
    ...["exec", container("prometheus"), "promtool", "query", "instant", "--format", "json"],
    ...["http://127.0.0.1:9090", expression],
  ).catch(() => "[]");
  const found = JSON.parse(output) as { metric: Record<string, string>; value: [number, string] }[];
  return Object.fromEntries(found.map(({ metric, value }) => [metric[label] ?? "", value[1]]));
}

beforeAll(async () => {
  ({ project, url } = await application());
  await project.configurePath("monitoring", "true");
  await project.configurePath("alertChatId", "-42");
  await project.configurePath("alertApiUrl", "http://telegram:8000");
  // An alert that fires at once, and is sent at once.
  writeFileSync(
    join(project.directory, "monitoring/prometheus/rules/always.yml"),
    'groups: [{ name: always, rules: [{ alert: Always, expr: "vector(1)", annotations: { summary: It is on } }] }]\n',
  );
  const alertmanager = join(project.directory, "monitoring/alertmanager/alertmanager.yml");
  writeFileSync(
    alertmanager,
    readFileSync(alertmanager, "utf8").replace("group_wait: 30s", "group_wait: 1s"),
  );
  // A test does not wait as long as a person.
  const prometheus = join(project.directory, "monitoring/prometheus/prometheus.yml");
  writeFileSync(
    prometheus,
    readFileSync(prometheus, "utf8").replaceAll(/(_interval|_timeout): 1[05]s/g, "$1: 3s"),
  );
  await project.up();
  await startTelegram();
  await startTrouble();
});
afterAll(() => project?.discard());

test("every target answers Prometheus", async () => {
  const jobs = [
    "alertmanager",
    "alloy",
    "backup",
    "bot",
    "cadvisor",
    "grafana",
    "loki",
    "node",
    "postgres",
    "prometheus",
    "traefik",
  ];
  const up = await until(
    () => query("up"),
    (answer) => jobs.every((job) => answer[job] === "1"),
  );
  expect(Object.keys(up).sort()).toEqual(jobs);
});

test("requests are counted by route, and Prometheus' own are none", async () => {
  await request(`${url}/health`);
  await request(`${url}/`);
  const routes = await until(
    () => query("sum by (route) (traefik_router_requests_total)", "route"),
    (found) => ["bot", "webapp"].every((route) => route in found),
  );
  for (const route of Object.keys(routes)) expect(["bot", "webapp", "unavailable"]).toContain(route);
});

test("the database answers its exporter, whose role reads statistics and no row", async () => {
  await until(
    () => query("pg_up"),
    ({ postgres }) => postgres === "1",
  );
  const may = (what: string) => sql(project, `select ${what}`);
  expect(await may("pg_has_role('monitoring', 'pg_monitor', 'member')")).toBe("t");
  expect(await may("has_table_privilege('monitoring', 'users', 'select')")).toBe("f");
  expect(
    await may("rolsuper or rolbypassrls or rolcreaterole from pg_roles where rolname = 'monitoring'"),
  ).toBe("f");
});

test("a table that is locked, as by a migration, keeps no figure of the database away, nor who waits for it", async () => {
  const locked = sql(project, "begin; lock table interactions; select pg_sleep(45); rollback").catch(String);
  // More than two rounds of questions.
  await new Promise((later) => setTimeout(later, 5000));
  const waits = sql(project, "select count(*) from interactions").catch(String);
  await new Promise((later) => setTimeout(later, 35_000));
  expect(await query('min_over_time(up{job="postgres"}[35s])')).toEqual({ postgres: "1" });
  const waiting = 'max_over_time(sum(pg_stat_activity_count{wait_event_type="Lock"})[40s:5s])';
  expect(Number((await query(waiting))[""])).toBeGreaterThan(0);
  await Promise.all([locked, waits]);
});

test("the containers' logs are in Loki under the labels that the dashboards ask for, and no other stack's", async () => {
  const streams = await until(
    () => logs(project.prefix, '{job="docker"}'),
    (found) =>
      ["bot", "traefik", "postgres"].every((name) => found.some(({ stream }) => stream.service === name)),
  );
  const running = await services(project.prefix);
  for (const { stream } of streams) {
    expect(stream.stack).toBe(project.prefix);
    if (stream.service) expect(`/${stream.container}`).toBe(running[stream.service]!.Name);
  }
  const levels = streams.filter(({ stream }) => stream.service === "bot").map(({ stream }) => stream.level);
  expect(levels).toContain("INFO");
  const text = streams.flatMap(({ values }) => values.map(([, line]) => line)).join("\n");
  expect(text).toContain("listens");
});

test("a new stack's logs are in Loki's present schema, and in no other", async () => {
  await docker(
    ...[
      "exec",
      container("prometheus"),
      "wget",
      "-q",
      "-O",
      "-",
      "--post-data",
      "",
      "http://loki:3100/flush",
    ],
  );
  const folders = () =>
    docker(
      ...["run", "--rm", "--network", "none", "--entrypoint", "find"],
      ...[
        "--volume",
        `${project.prefix}_loki_data:/loki`,
        localImage("bot"),
        "/loki",
        "-name",
        "*index_[0-9]*",
      ],
    );
  const found = await until(folders, (text) => text !== "");
  expect(found.split("\n").filter((path) => !path.split("/").at(-1)!.startsWith("tsdb_"))).toEqual([]);
});

test("the host's disks are seen, not the container's", async () => {
  const sizes = await docker(
    ...["exec", container("prometheus"), "promtool", "query", "instant", "http://127.0.0.1:9090"],
    'node_filesystem_size_bytes{mountpoint="/"}',
  );
  expect(sizes).toContain('mountpoint="/"');
  expect(sizes).not.toContain('fstype="overlay"');
});

test("cAdvisor sees every container of the stack with its limit, and no other stack's", async () => {
  const running = Object.values(await services(project.prefix)).filter(
    ({ State }) => State.Status === "running",
  );
  const names = running.map(({ Name }) => Name.slice(1)).filter((name) => name !== container("restless"));
  const limits = await until(
    () => query("container_spec_memory_limit_bytes", "name"),
    (answer) => names.every((name) => name in answer),
  );
  for (const { Name, HostConfig } of running)
    if (names.includes(Name.slice(1)))
      expect([Name, Number(limits[Name.slice(1)])]).toEqual([Name, HostConfig.Memory]);
  expect(Object.keys(limits).filter((name) => !name.startsWith(project.prefix))).toEqual([]);
  const used = await query("container_memory_working_set_bytes", "service");
  expect(Number(used.postgres)).toBeGreaterThan(2 ** 20);
});

test("a person is told of a container that restarts again and again, and of one that ran out of memory", async () => {
  const sent = await until(
    () => Promise.resolve(asked()),
    (text) => text.includes("restless has started again") && text.includes("for want of memory"),
  );
  expect(sent).toMatch(new RegExp(`${container("restless")} has started again \\d times in 15 minutes`));
  const [greedy] = await inspect(container("greedy"));
  expect(greedy!.State).toMatchObject({ Status: "exited", OOMKilled: true });
});

test("a fired alert reaches Telegram through Alertmanager", async () => {
  const sent = await until(
    () => Promise.resolve(asked()),
    (text) => text.includes("Always"),
  );
  expect(sent).toContain("/sendMessage");
  expect(sent).toContain("It is on");
  expect(sent).toContain("-42");
  // Its token came in a file, and is shown by neither Docker nor the state.
  const token = /\/bot([^/]+)\/sendMessage/.exec(sent)![1]!;
  expect(JSON.stringify(await inspect(container("alertmanager")))).not.toContain(token);
  expect(project.run("pulumi", ["stack", "export", "--stack", project.stackName])).not.toContain(token);
});

soakTest(
  "on a host that comes back, cAdvisor that starts before the proxy's process answers sees every container",
  async () => {
    const proxy = (await services(project.prefix))["socket-proxy"]!;
    await docker("stop", container("cadvisor"), proxy.Id);
    await docker(
      ...["run", "--detach", "--name", container("silent"), "--label", `dating.stack=${project.prefix}`],
      ...["--network", `${project.prefix}-docker-api`, "--network-alias", "socket-proxy"],
      ...["--entrypoint", "sleep", localImage("bot"), "infinity"],
    );
    await docker("start", container("cadvisor"));
    // After 3 seconds it still asks by itself.
    await new Promise((later) => setTimeout(later, 20_000));
    await docker("rm", "--force", container("silent"));
    await docker("start", proxy.Id);
    await until(cadvisorMetrics, (metrics) => metrics.includes(`name="${container("postgres")}"`));
  },
);

soakTest(
  "beside the proxy of the release before, which has the same name, cAdvisor asks the new one",
  async () => {
    const earlier = `
import http.server
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
http.server.HTTPServer(("", 2375), Api).serve_forever()
`;
    await docker(
      ...["run", "--detach", "--name", container("earlier"), "--label", `dating.stack=${project.prefix}`],
      ...["--network", `${project.prefix}-docker-api`, "--network-alias", "socket-proxy"],
      ...["--entrypoint", "python3", localImage("bot"), "-c", earlier],
    );
    // Which of the two a name leads to is drawn by lot.
    for (let start = 0; start < 4; start++) {
      await docker("restart", container("cadvisor"));
      await until(cadvisorMetrics, (metrics) => metrics.includes(`name="${container("postgres")}"`));
    }
    await docker("rm", "--force", container("earlier"));
  },
);

/** What cAdvisor itself shows; nothing while it does not answer. */
const cadvisorMetrics = () =>
  docker(...["exec", container("cadvisor"), "wget", "-q", "-O", "-", "http://127.0.0.1:8080/metrics"]).catch(
    () => "",
  );

/** Asks Grafana's API as the administrator. */
async function grafana<T>(path: string, body?: object, method = body ? "POST" : "GET"): Promise<T> {
  const { url, password } = (await project.stack.outputs()).grafana!.value as Record<string, string>;
  const answer = await fetch(`${url}/api/${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: {
      authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`,
      "content-type": "application/json",
    },
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return (text === "" ? {} : JSON.parse(text)) as T;
}
const uids = async () =>
  (await grafana<{ uid: string }[]>("search?type=dash-db")).map(({ uid }) => uid).sort();
const ours = ["database", "deployments", "logs", "overview"];

describe("Grafana", () => {
  const title = async (uid: string) =>
    (await grafana<{ dashboard: { title: string } }>(`dashboards/uid/${uid}`)).dashboard.title;
  const file = (name: string) =>
    join(project.directory, "monitoring/grafana/dashboards/Dating Mini App", `${name}.json`);

  test("has its data sources and dashboards by uid, and nobody in without the password", async () => {
    const sources = await grafana<{ uid: string; isDefault: boolean; url: string }[]>("datasources");
    const shown = sources.map(({ uid, isDefault, url }) => ({ uid, isDefault, url }));
    expect(shown.sort((a, b) => (a.uid < b.uid ? -1 : 1))).toEqual([
      { uid: "loki", isDefault: true, url: "http://loki:3100" },
      { uid: "prometheus", isDefault: false, url: "http://prometheus:9090" },
    ]);
    expect(await uids()).toEqual(ours);
    expect(await grafana("folders")).toMatchObject([{ uid: "dating-mini-app", title: "Dating Mini App" }]);
    const { url } = (await project.stack.outputs()).grafana!.value as Record<string, string>;
    const admin = { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}` };
    expect((await fetch(`${url}/api/search`, { headers: admin })).status).toBe(401);
  });

  test("is the same after three restarts, and an unchanged deploy changes nothing", async () => {
    for (let restart = 0; restart < 3; restart++) await docker("restart", container("grafana"));
    await until(
      () => uids().catch(() => []),
      (found) => found.length > 0,
    );
    const { steps, text } = await project.up();
    expect(steps).toEqual([]);
    expect(text).not.toContain("was edited");
    expect((await project.preview({ refresh: true })).steps).toEqual([]);
    expect(await uids()).toEqual(ours);
  });

  soakTest(
    "that somebody gave another password is told of, with the command that gives it the stack's again",
    async () => {
      const reset = "echo somebodys-own | grafana cli admin reset-admin-password --password-from-stdin";
      await docker("exec", container("grafana"), "sh", "-c", reset);
      const told = "refuses the stack's password";
      expect((await project.preview()).text).toContain(told);
      const drift = project.attempt("./dating", ["drift", project.stackName]);
      expect(drift.stdout + drift.stderr).toContain(told);
      const [, mend] = /(pulumi up --stack \S+ --target-replace '[^']+')/.exec(drift.stdout) ?? [];
      project.run("sh", ["-c", `${mend} --yes --skip-preview`]);
      const after = await project.up();
      expect(after).toMatchObject({ steps: [], text: expect.not.stringContaining(told) });
      expect(project.attempt("./dating", ["drift", project.stackName])).toMatchObject({ status: 0 });
    },
  );

  test("keeps what people did by hand until the file says something else", async () => {
    const { dashboard } = await grafana<{ dashboard: object }>("dashboards/uid/overview");
    await grafana("dashboards/db", {
      ...{ dashboard: { ...dashboard, title: "By hand" }, folderUid: "dating-mini-app" },
    });
    await grafana("dashboards/db", { dashboard: { uid: "mine", title: "Mine" } });
    const unchanged = await project.up();
    expect(unchanged.steps).toEqual([]);
    expect(unchanged.text).not.toContain("was edited");
    expect(await title("overview")).toBe("By hand");
    expect((await project.preview({ refresh: true })).steps).toEqual([
      "update grafana:oss/dashboard:Dashboard dashboard-overview",
    ]);
    const drift = project.attempt("./dating", ["drift", project.stackName]);
    expect(drift.stdout).toContain("dashboard-overview");
    expect(drift.status).toBe(2);

    writeFileSync(file("overview"), readFileSync(file("overview"), "utf8").replace('"30s"', '"1m"'));
    const edited =
      /Dashboard overview was edited in Grafana \(version 2 by admin, [^)]*\), and monitoring\/grafana/;
    const reviewed = project.attempt("./dating", ["preview", project.stackName]).stdout;
    expect(reviewed).toMatch(edited);
    const { steps, text } = await project.up();
    expect(text).toMatch(edited);
    expect(steps).toEqual(["update grafana:oss/dashboard:Dashboard dashboard-overview"]);
    expect(await title("overview")).toBe("Overview");
    expect(await uids()).toEqual([...ours, "mine"].sort());
  });

  soakTest(
    "saves over a dashboard that was deleted and made again by hand, which Grafana knows by another number",
    async () => {
      const { dashboard } = await grafana<{ dashboard: { id: number } }>("dashboards/uid/logs");
      await grafana("dashboards/uid/logs", undefined, "DELETE");
      const again = { dashboard: { uid: "logs", title: "Logs" }, folderUid: "dating-mini-app" };
      await expect(grafana("dashboards/db", { ...again, dashboard })).rejects.toThrow("404");
      await grafana("dashboards/db", again);
      writeFileSync(file("logs"), readFileSync(file("logs"), "utf8").replace('"30s"', '"1m"'));
      expect((await project.up()).steps).toEqual(["update grafana:oss/dashboard:Dashboard dashboard-logs"]);
      const now = await grafana<{ dashboard: { id: number; refresh: string } }>("dashboards/uid/logs");
      expect(now.dashboard).toMatchObject({ refresh: "1m" });
      expect(now.dashboard.id).not.toBe(dashboard.id);
    },
  );

  soakTest("has its folder again, where somebody deleted it with everything in it", async () => {
    await grafana("folders/dating-mini-app", undefined, "DELETE");
    const drift = project.attempt("./dating", ["drift", project.stackName]);
    expect(drift.stdout).toContain("Grafana's folder Dating Mini App: is gone");
    project.run("./dating", ["drift", project.stackName, "--fix"]);
    expect(await uids()).toEqual([...ours, "mine"].sort());
    expect(await grafana("folders")).toMatchObject([{ uid: "dating-mini-app", title: "Dating Mini App" }]);
  });

  test("loses the dashboard whose file is gone, and no other", async () => {
    const kept = readFileSync(file("deployments"), "utf8");
    rmSync(file("deployments"));
    await project.up();
    expect(await uids()).toEqual(["database", "logs", "mine", "overview"]);
    writeFileSync(file("deployments"), kept);
    await project.up();
    expect(await uids()).toEqual([...ours, "mine"].sort());
  });

  test("every query of every dashboard has an answer from the real Prometheus and Loki", async () => {
    interface Panel {
      title: string;
      targets: { datasource: { uid: string }; expr: string }[];
    }
    // Nothing fails here, the first backup is not due yet, and of a disk there has to be an hour to look back on.
    const empty = [
      "Disks, free in a day at this pace",
      "Errors by route",
      "Errors around a deployment",
      "Age of the last backup",
      "Edge: answers with an error",
      "Errors of all services",
    ];
    const variables = { $__rate_interval: "1m", $__auto: "5m", $database: "dating" };
    const unanswered: string[] = [];
    const ask = async ({ datasource, expr: written }: Panel["targets"][number]) => {
      const expr = Object.entries(variables).reduce(
        (text, [name, value]) => text.replaceAll(name, value),
        written,
      );
      // A rate needs a counter that grows.
      await request(`${url}/health`);
      return datasource.uid === "loki"
        ? (await logs(project.prefix, expr)).length
        : Object.keys(await query(expr)).length;
    };
    for (const uid of ours) {
      const { panels } = JSON.parse(readFileSync(file(uid), "utf8")) as { panels: Panel[] };
      for (const panel of panels.filter(({ title }) => !empty.includes(title))) {
        for (const target of panel.targets) {
          const found = await until(
            () => ask(target),
            (count) => count > 0,
          ).catch(() => 0);
          if (found === 0) unanswered.push(`${uid}: ${panel.title}: ${target.expr}`);
        }
      }
    }
    expect(unanswered).toEqual([]);
  });
});

test("an edited rule reaches Prometheus and nothing else, and its data stay", async () => {
  const before = await services(project.prefix);
  appendFileSync(
    join(project.directory, "monitoring/prometheus/rules/alerts.yml"),
    "  - name: more\n    rules: [{ record: one, expr: vector(1) }]\n",
  );
  const { steps } = await project.up();
  expect(steps.filter((step) => !/prometheus/.test(step))).toEqual([]);
  const after = await services(project.prefix);
  const replaced = Object.keys(before).filter((service) => after[service]?.Id !== before[service]?.Id);
  expect(replaced).toEqual(["prometheus"]);
  // Older than the container that answers.
  await until(
    () => query("min_over_time(up[10m])"),
    (answer) => "prometheus" in answer,
  );
  const age = await query("time() - timestamp(min_over_time(process_start_time_seconds[10m])) < bool 600");
  expect(age.prometheus).toBe("1");
});

soakTest("switched off and on again, it finds its history", async () => {
  const begin = Math.floor(Date.now() / 1000);
  // In Grafana there is also what a person made, in the folder of the stack's own; and then it does not answer any more.
  await grafana("dashboards/db", {
    ...{ dashboard: { uid: "beside", title: "Beside" }, folderUid: "dating-mini-app" },
  });
  const rule = { uid: "slow", title: "Too slow", folderUID: "dating-mini-app", ruleGroup: "people" };
  await grafana("v1/provisioning/alert-rules", rule);
  await docker("stop", container("grafana"));
  // It is on a network that goes with monitoring.
  await docker("rm", "--force", container("telegram"));
  // Refused as long as somebody is to be told of alerts that nothing sends.
  project.run("pulumi", ["config", "rm", "dating:alertChatId", "--stack", project.stackName]);
  await project.configurePath("monitoring", "false");
  await project.up();
  expect(Object.keys(await services(project.prefix))).not.toContain("prometheus");
  // As in a volume that was adopted or restored, the administrator has another password.
  await docker(
    ...["run", "--rm", "--network", "none", "--entrypoint", "sh"],
    ...["--volume", `${project.prefix}_grafana_data:/var/lib/grafana`],
    ...[
      localImage("grafana"),
      "-c",
      "echo other | grafana cli admin reset-admin-password --password-from-stdin",
    ],
  );
  await project.configurePath("monitoring", "true");
  await project.up();
  const earlier = await until(
    () => query(`count by (job) (up @ ${begin})`),
    (answer) => Object.keys(answer).length > 0,
  );
  expect(earlier.bot).toBe("1");
  // Lines of containers that are gone by now.
  const names = new Set(
    (await logs(project.prefix, '{service="prometheus"}')).flatMap(({ values }) =>
      values.map(([time]) => time),
    ),
  );
  expect([...names].some((time) => Number(time) / 1e9 < begin)).toBe(true);
  const found = await grafana<{ uid: string; folderUid: string }[]>("search?type=dash-db");
  const inside = found.filter(({ folderUid }) => folderUid === "dating-mini-app").map(({ uid }) => uid);
  expect(inside.sort()).toEqual([...ours, "beside"].sort());
  // Nothing of a person's was moved, not even for a moment.
  expect(await grafana("dashboards/uid/beside")).toMatchObject({ meta: { version: 1 } });
  expect(await grafana("v1/provisioning/alert-rules/slow")).toMatchObject(rule);
  expect(found.map(({ uid }) => uid).sort()).toEqual([...ours, "beside", "mine"].sort());
  expect((await project.up()).steps).toEqual([]);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
});

test("./dating status says where Grafana is, and what is a stand-in", async () => {
  const { url } = (await project.stack.outputs()).grafana!.value as { url: string };
  const said = project.run("./dating", ["status", project.stackName]);
  expect(said).toContain(url);
  expect(said).toMatch(/^ {2}grafana is /m);
});

test("a stack is purged although its Grafana is gone", async () => {
  await docker("rm", "--force", ...["grafana", "telegram", "restless", "greedy"].map(container));
  project.run("./dating", ["purge", project.stackName], `${project.stackName}\n`);
  expect(await services(project.prefix)).toEqual({});
});

/** What the Bot API was asked; it writes to its standard error, too. */
const asked = () => project.run("sh", ["-c", `docker logs ${container("telegram")} 2>&1`]);
