import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

let server: Server;
let url: string;
let changes: string[];
/** What Grafana has, by the path of the question. */
let has: Record<string, object>;

beforeEach(async () => {
  changes = [];
  has = { "/api/health": { version: "11.3.0" }, "/api/org": {} };
  server = createServer((request, response) => {
    const { method, url: path = "" } = request;
    if (method !== "GET") changes.push(`${method} ${path}`);
    const answer = method === "GET" ? has[path] : {};
    response.statusCode = answer ? 200 : 404;
    response.end(JSON.stringify(answer ?? { message: "not found" }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.close());

async function hook(name: string, told: Record<string, string>): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, [join(__dirname, `../../../hooks/${name}.mts`)], {
    env: { ...process.env, GRAFANA_URL: url, GRAFANA_AUTH: "admin:right", ...told },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, stderr };
}

const FOLDERS = JSON.stringify([{ uid: "ours", title: "Ours" }]);

test.each([
  ["makes a folder that is not there", undefined, ["POST /api/folders"]],
  ["leaves alone a folder that is there", { uid: "ours", title: "Ours" }, []],
  ["gives a folder that is there its title", { uid: "ours", title: "Other" }, ["PUT /api/folders/ours"]],
])("a deploy %s", async (_, folder, expected) => {
  if (folder) has["/api/folders/ours"] = folder;
  expect(await hook("grafana-folders", { FOLDERS })).toMatchObject({ code: 0 });
  expect(changes).toEqual(expected);
});

test.each(["11.2.9", "9.4.0-pre"])("Grafana %s is too old, and nothing is changed in it", async (version) => {
  has["/api/health"] = { version };
  const { code, stderr } = await hook("grafana-folders", { FOLDERS });
  expect(code).toBe(1);
  expect(stderr).toContain(`This is Grafana ${version}, and the oldest that is supported is 11.3.`);
  expect(changes).toEqual([]);
});

test("data sources of before make room, and those that are not there are no error", async () => {
  const { code } = await hook("grafana-data-sources", { DATA_SOURCES: "loki prometheus" });
  expect(code).toBe(0);
  expect(changes).toEqual(["DELETE /api/datasources/uid/loki", "DELETE /api/datasources/uid/prometheus"]);
});
