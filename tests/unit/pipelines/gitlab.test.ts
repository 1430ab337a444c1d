import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { load } from "js-yaml";

import { projectRoot } from "../../../images/content";

interface Job {
  extends?: string;
  rules?: { if?: string; when?: string }[];
  environment?: { name: string; action?: string; on_stop?: string };
  resource_group?: string;
  script: string[];
}

const text = readFileSync(join(projectRoot, ".gitlab-ci.yml"), "utf8");
const parsed = load(text) as Record<string, Job>;
const jobs = Object.entries(parsed).filter(([name, job]) => !name.startsWith(".") && job.script);

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-gitlab-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("GitLab's own schema, as gitlab-ci-local has it,", () => {
  /** Asks for the jobs of a file: it is held against the schema first. */
  const list = (file: string) => {
    writeFileSync(join(folder, ".gitlab-ci.yml"), file);
    execFileSync("git", ["init", "--quiet"], { cwd: folder });
    execFileSync("git", ["remote", "add", "origin", "https://gitlab.com/acme/dating.git"], { cwd: folder });
    const program = join(projectRoot, "node_modules/gitlab-ci-local/dist/index.js");
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, "--list-all"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, HOME: folder },
    });
    return { status, said: stdout + stderr };
  };

  test("accepts the pipeline", () => {
    const { status, said } = list(text);
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining("json schema validated") });
    for (const [name] of jobs) expect(said).toContain(name);
  });

  test("refuses what is not in it", () => {
    const { status, said } = list(
      text.replace("resource_group: stack-staging", "resource_groups: stack-staging"),
    );
    expect(said).toContain("'resource_groups' property is not expected");
    expect(status).not.toBe(0);
  });
});

test("each job calls what a person can run, and what GitHub's workflows call", () => {
  const lines = jobs.flatMap(([, { script }]) => script);
  for (const line of lines) {
    for (const path of line.match(/\bci\/[\w.-]+/g) ?? [])
      expect(existsSync(join(projectRoot, path))).toBe(true);
    for (const [, verb] of line.matchAll(/make ([\w-]+)/g))
      expect(readFileSync(join(projectRoot, "Makefile"), "utf8")).toMatch(new RegExp(`^${verb}:`, "m"));
  }
  expect(lines).toEqual(
    expect.arrayContaining([
      "make test-fast",
      'ci/pipeline --state-only make preview STACK="$STACK" ARGS="--state-only --markdown build/preview.md"',
      "ci/pipeline make up smoke STACK=staging",
      "ci/pipeline make up smoke STACK=prod PLAN=build/plan.json",
    ]),
  );
});

test("no job with the state's secrets runs for a fork's merge request, and prod waits for a person", () => {
  const own = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID";
  for (const [, job] of jobs.filter(([, job]) => job.extends === ".state"))
    for (const { if: condition = "" } of job.rules!)
      expect(condition.includes("merge_request_event") ? condition : own).toContain(own);
  expect(parsed.prod!.rules!.map(({ when }) => when)).toEqual(["manual"]);
});

test("prod's plan and its deploy wait for each other, and only deploys and plans are in their line", () => {
  const groups = jobs.flatMap(([name, { resource_group: group }]) =>
    group?.startsWith("stack-") ? [[name, group]] : [],
  );
  expect(groups).toEqual([
    ["staging", "stack-staging"],
    ["plan", "stack-prod"],
    ["prod", "stack-prod"],
  ]);
});

describe("ci/note.mts", () => {
  interface Note {
    id: number;
    body: string;
    author: { username: string };
  }
  let server: Server;
  let notes: Note[];
  let tokens: Set<string | undefined>;

  /** Stands in for the part of GitLab's API that is asked. */
  beforeEach(async () => {
    notes = Array.from({ length: 100 }, (_, id) => ({
      id,
      body: "<!-- m -->\nnot ours",
      author: { username: "mallory" },
    }));
    tokens = new Set();
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => (body += part.toString()));
      request.on("end", () => {
        tokens.add(request.headers["private-token"] as string | undefined);
        const { pathname, searchParams } = new URL(request.url!, "http://gitlab");
        const given = body === "" ? undefined : (JSON.parse(body) as { body: string });
        const [, id] = /^\/api\/projects\/4\/merge_requests\/7\/notes(?:\/(\d+))?$/.exec(pathname) ?? [];
        let answer: unknown;
        if (pathname === "/api/user") answer = { username: "bot" };
        else if (request.method === "GET") {
          const page = Number(searchParams.get("page"));
          answer = notes.slice((page - 1) * 100, page * 100);
        } else if (request.method === "POST")
          notes.push((answer = { id: 100 + notes.length, body: given!.body, author: { username: "bot" } }));
        else
          answer = Object.assign(
            notes.find((note) => note.id === Number(id))!,
            given,
          );
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  async function write(body: string, token = "glpat-test"): Promise<{ status: number; said: string }> {
    writeFileSync(join(folder, "note.md"), body);
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, [join(projectRoot, "ci/note.mts"), "7", join(folder, "note.md")], {
      env: {
        ...process.env,
        CI_API_V4_URL: `http://127.0.0.1:${port}/api`,
        CI_PROJECT_ID: "4",
        GITLAB_TOKEN: token,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    const [status] = (await once(child, "close")) as [number];
    return { status, said };
  }

  test("writes one note and then updates it, beyond the first page, and nobody else's", async () => {
    expect(await write("<!-- m -->\nfirst\n")).toMatchObject({ status: 0 });
    expect(await write("<!-- m -->\nsecond\n")).toMatchObject({ status: 0 });
    expect(await write("<!-- other -->\nthird\n")).toMatchObject({ status: 0 });
    expect(notes.slice(100).map(({ body }) => body)).toEqual([
      "<!-- m -->\nsecond\n",
      "<!-- other -->\nthird\n",
    ]);
    expect(new Set(notes.slice(0, 100).map(({ body }) => body))).toEqual(new Set(["<!-- m -->\nnot ours"]));
    expect(tokens).toEqual(new Set(["glpat-test"]));
  });

  test("says which token it needs", async () => {
    const { status, said } = await write("x\n", "");
    expect(status).toBe(1);
    expect(said).toContain("set GITLAB_TOKEN to an access token of the project with the scope `api`");
  });
});
