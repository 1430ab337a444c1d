import { execFileSync } from "node:child_process";

import { localImage } from "../../../images/content";
import type { InspectedImage } from "../../../ops/host/inspect";
import { standInFor } from "../../../ops/status/origin";
import { docker } from "../support/docker";

jest.setTimeout(120_000);

// Where the official image can be pulled, nothing stands in for it.
const image = localImage("grafana");
const inspected = execFileSync("docker", ["image", "inspect", image], { encoding: "utf8" });
const standsIn = standInFor(image, (JSON.parse(inspected) as InspectedImage[])[0]) !== undefined;

let id: string;
let url: string;

interface Answer {
  status: number;
  body: unknown;
}

async function ask(method: string, path: string, body?: object, password = "right"): Promise<Answer> {
  const answer = await fetch(`${url}/api/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? "" : JSON.parse(text) };
}

beforeEach(async () => {
  id = await docker(
    ...["run", "--detach", "--publish", "127.0.0.1::3000", "--entrypoint", "sh"],
    ...["--env", "GF_SECURITY_ADMIN_PASSWORD__FILE=/tmp/password", image],
    ...["-c", "echo right >/tmp/password && exec grafana server"],
  );
  url = `http://${await docker("port", id, "3000/tcp")}`;
  for (let turn = 0; turn < 100; turn++) {
    if (
      await fetch(`${url}/api/health`)
        .then(({ ok }) => ok)
        .catch(() => false)
    )
      return;
    await new Promise((later) => setTimeout(later, 200));
  }
  throw new Error(`nobody answers at ${url}: ${await docker("logs", id)}`);
});
afterEach(() => docker("rm", "--force", "--volumes", id));

/*
 * What a real Grafana answered (9.4.0-pre, built from its source; the same in the sources of 11.6), where a deploy had
 * reckoned with something kinder.
 */
(standsIn ? describe : describe.skip)("the stand-in for Grafana answers as the real one", () => {
  test("whose list of versions gives the first another message than it was saved with", async () => {
    const message = "Deployed from monitoring/grafana/dashboards";
    await ask("POST", "dashboards/db", { dashboard: { uid: "logs", title: "Logs" }, message });
    const { body } = await ask("GET", "dashboards/uid/logs/versions");
    expect(body).toMatchObject({ versions: [{ version: 1, parentVersion: 0, message: "Initial save" }] });
    expect((await ask("GET", "dashboards/uid/logs/versions/1")).body).toMatchObject({ message });
  });

  test("that keeps 20 versions", async () => {
    for (let version = 1; version <= 22; version++)
      await ask("POST", "dashboards/db", {
        dashboard: { uid: "logs", title: `Logs ${version}` },
        overwrite: true,
      });
    const { versions } = (await ask("GET", "dashboards/uid/logs/versions")).body as { versions: object[] };
    expect(versions).toHaveLength(20);
    expect(versions.at(-1)).toMatchObject({ version: 3, message: "" });
  });

  test("that deletes no folder with alert rules, and says nothing where it deletes one", async () => {
    await ask("POST", "folders", { uid: "ours", title: "Ours" });
    expect(await ask("POST", "folders", { uid: "ours", title: "Other" })).toMatchObject({ status: 409 });
    const rule = { title: "Too slow", folderUID: "ours", ruleGroup: "one" };
    expect(await ask("POST", "v1/provisioning/alert-rules", rule)).toMatchObject({ status: 201 });
    expect(await ask("DELETE", "folders/ours")).toEqual({
      status: 400,
      body: { message: "folder cannot be deleted: folder contains alert rules" },
    });
    await ask("POST", "folders", { uid: "empty", title: "Empty" });
    expect(await ask("DELETE", "folders/empty")).toEqual({ status: 200, body: "" });
  });

  test("that makes no data source whose uid or name it has", async () => {
    const source = { name: "Loki", uid: "loki", type: "loki", access: "proxy" };
    expect(await ask("POST", "datasources", source)).toMatchObject({ status: 200 });
    const same = { message: "data source with the same name already exists" };
    expect(await ask("POST", "datasources", { ...source, uid: "other" })).toEqual({
      status: 409,
      body: same,
    });
    expect(await ask("POST", "datasources", { ...source, name: "Other" })).toMatchObject({ status: 409 });
  });

  test("that shuts out, after five wrong passwords, who knows the right one, and whom it gives a new one", async () => {
    for (let turn = 0; turn < 4; turn++) {
      const { status, body } = await ask("GET", "org", undefined, "wrong");
      expect([status, body]).toEqual([
        401,
        expect.objectContaining({ message: "Invalid username or password" }),
      ]);
    }
    // Four are forgotten by a right one.
    expect((await ask("GET", "folders")).status).toBe(200);
    for (let turn = 0; turn < 5; turn++) await ask("GET", "org", undefined, "wrong");
    expect((await ask("GET", "folders")).status).toBe(401);
    await docker(
      "exec",
      id,
      "sh",
      "-c",
      "echo new | grafana cli admin reset-admin-password --password-from-stdin",
    );
    expect((await ask("GET", "folders", undefined, "new")).status).toBe(401);
  });
});
