import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { localImage } from "../../images/content";
import { application, sql } from "./support/application";
import { docker, services } from "./support/docker";
import type { Project } from "./support/project";

jest.setTimeout(600_000);

let project: Project;
const container = (service: string) => `${project.prefix}-${service}`;

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
    ...["--network", `${project.prefix}-edge`, "--network-alias", "telegram", "--entrypoint", "python3"],
    ...[localImage("bot"), "-c", telegram],
  );
}

/** Asks until the answer is accepted; the last answer is in the error. At most 90 seconds. */
async function until<T>(ask: () => Promise<T>, accept: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const answer = await ask();
    if (accept(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)}`);
    await new Promise((later) => setTimeout(later, 1000));
  }
}

/** The value of an expression for each job, asked of the stack's own Prometheus. */
async function query(expression: string): Promise<Record<string, string>> {
  const output = await docker(
    ...["exec", container("prometheus"), "promtool", "query", "instant", "--format", "json"],
    ...["http://127.0.0.1:9090", expression],
  ).catch(() => "[]");
  const found = JSON.parse(output) as { metric: Record<string, string>; value: [number, string] }[];
  return Object.fromEntries(found.map(({ metric, value }) => [metric.job ?? "", value[1]]));
}

beforeAll(async () => {
  ({ project } = await application());
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
  await project.up();
  await startTelegram();
});
afterAll(() => project?.discard());

test("every target answers Prometheus", async () => {
  const jobs = ["alertmanager", "backup", "bot", "node", "postgres", "prometheus", "traefik"];
  const up = await until(
    () => query("up"),
    (answer) => jobs.every((job) => answer[job] === "1"),
  );
  expect(Object.keys(up).sort()).toEqual(jobs);
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

test("the host's disks are seen, not the container's", async () => {
  const sizes = await docker(
    ...["exec", container("prometheus"), "promtool", "query", "instant", "http://127.0.0.1:9090"],
    'node_filesystem_size_bytes{mountpoint="/"}',
  );
  expect(sizes).toContain('mountpoint="/"');
  expect(sizes).not.toContain('fstype="overlay"');
});

test("a fired alert reaches Telegram through Alertmanager", async () => {
  const sent = await until(
    () => Promise.resolve(asked()),
    (text) => text.includes("Always"),
  );
  expect(sent).toContain("/sendMessage");
  expect(sent).toContain("It is on");
  expect(sent).toContain("-42");
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

test("switched off and on again, it finds its history", async () => {
  const begin = Math.floor(Date.now() / 1000);
  await project.configurePath("monitoring", "false");
  await project.up();
  expect(Object.keys(await services(project.prefix))).not.toContain("prometheus");
  await project.configurePath("monitoring", "true");
  await project.up();
  const earlier = await until(
    () => query(`count by (job) (up @ ${begin})`),
    (answer) => Object.keys(answer).length > 0,
  );
  expect(earlier.bot).toBe("1");
});

/** What the Bot API was asked; it writes to its standard error, too. */
const asked = () => project.run("sh", ["-c", `docker logs ${container("telegram")} 2>&1`]);
