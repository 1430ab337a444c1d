import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  basicAuthorization,
  refusal,
  refusesPassword,
} from "../../../components/monitoring/grafana/password";
import type { DeployedResource } from "../../../ops/stack/deployment";
import { lookIntoGrafana } from "../../../ops/drift/grafana";

let server: Server;
let url: string;
let asked: string[];
let healthy: boolean;
/** What is answered about a folder. */
let folder: number;
let notesBefore: string[];

/** A Grafana whose administrator has this password. */
beforeEach(async () => {
  asked = [];
  healthy = true;
  folder = 200;
  notesBefore = notes();
  server = createServer((request, response) => {
    asked.push(request.url!);
    const right = request.headers.authorization === basicAuthorization("admin:right");
    response.statusCode = request.url === "/api/health" ? (healthy ? 200 : 503) : right ? 200 : 401;
    if (request.url!.startsWith("/api/folders/")) response.statusCode = folder;
    response.end(right ? "{}" : '{"message":"invalid username or password"}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  for (const name of notes().filter((file) => !notesBefore.includes(file))) rmSync(join(tmpdir(), name));
});

/** What this machine has noted of Grafanas that refuse a password. */
const notes = () => readdirSync(tmpdir()).filter((file) => file.startsWith("dating-grafana-refused-"));

/** The state of a stack whose password is this one. */
const state = (password: string, address = url): DeployedResource[] =>
  [
    ["pulumi:providers:grafana", { url: address, auth: `admin:${password}` }],
    ["grafana:oss/dashboard:Dashboard", {}],
    ["docker:index/container:Container", {}],
  ].map(([type, inputs], index) => ({
    ...{ urn: `urn:pulumi:prod::dating::${type as string}::${index}`, type: type as string, id: "" },
    ...{ inputs: inputs as Record<string, unknown>, outputs: {}, dependencies: [], replaced: false },
    secretInputs: new Set<string>(),
  }));

test("a password that Grafana refuses is told once, with the command that mends it, and only Grafana's own is not compared", async () => {
  const found = await lookIntoGrafana(state("wrong"));
  expect(found).toEqual({
    findings: [expect.objectContaining({ text: `cannot be compared: ${refusal(url, "prod")}` })],
    outOfReach: ["urn:pulumi:prod::dating::grafana:oss/dashboard:Dashboard::1"],
  });
  expect(refusal(url, "prod")).toContain(
    "pulumi up --stack prod --target-replace '**::grafana-administrator'",
  );
  expect(asked).toEqual(["/api/health", "/api/org"]);
});

test("who asks again and again shuts nobody out: five wrong passwords would", async () => {
  const wrong = basicAuthorization("admin:wrong");
  for (let turn = 0; turn < 10; turn++) expect(await refusesPassword(url, wrong)).toBe(true);
  expect(asked).toEqual(["/api/org", "/api/org"]);
});

test("a password that was right once is asked for as often as before", async () => {
  await refusesPassword(url, basicAuthorization("admin:wrong"));
  expect(await refusesPassword(url, basicAuthorization("admin:right"))).toBe(false);
  for (let turn = 0; turn < 2; turn++) await refusesPassword(url, basicAuthorization("admin:wrong"));
  expect(asked).toHaveLength(4);
});

test("the right password is let in, and nothing is said", async () => {
  expect(await lookIntoGrafana(state("right"))).toEqual({ findings: [], outOfReach: [] });
});

test("a folder is gone where Grafana says so, and not where it could not tell", async () => {
  const FOLDERS = JSON.stringify([{ uid: "app", title: "App" }]);
  const hook = { ...state("right")[2]!, urn: "urn::grafana-folders", inputs: { environment: { FOLDERS } } };
  const look = () => lookIntoGrafana([...state("right"), hook]);
  expect(await look()).toEqual({ findings: [], outOfReach: [] });
  folder = 404;
  expect((await look()).findings).toMatchObject([{ subject: "Grafana's folder App", text: "is gone" }]);
  folder = 500;
  expect(await look()).toMatchObject({
    ...{ findings: [], outOfReach: [expect.stringContaining("grafana:oss/dashboard")] },
    notCompared: expect.stringContaining("the folder App is answered with 500"),
  });
});

test("a Grafana that does not answer refuses nothing", async () => {
  const nobody = "http://127.0.0.1:1";
  expect(await refusesPassword(nobody, basicAuthorization("admin:right"))).toBe(false);
});

test("a Grafana that cannot be asked from here is not compared, and that is no drift", async () => {
  const outOfReach = ["urn:pulumi:prod::dating::grafana:oss/dashboard:Dashboard::1"];
  expect(await lookIntoGrafana(state("right", "http://127.0.0.1:1"))).toEqual({
    ...{ findings: [], outOfReach },
    notCompared: expect.stringMatching(
      /^what Grafana shows: nobody answers at http:\/\/127\.0\.0\.1:1 \(.+\)$/,
    ),
  });
  healthy = false;
  expect(await lookIntoGrafana(state("right"))).toEqual({
    ...{ findings: [], outOfReach },
    notCompared: `what Grafana shows: nobody answers at ${url} (its health is answered with 503)`,
  });
});
