import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { load } from "js-yaml";

import { projectRoot } from "../../images/content";

interface Step {
  uses?: string;
  run?: string;
  env?: Record<string, string>;
}

interface Job {
  if?: string;
  environment?: string;
  needs?: string;
  strategy?: { matrix: { stack: string[] } };
  permissions?: Record<string, string>;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  steps: Step[];
}

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const folder = join(projectRoot, ".github/workflows");
const files = readdirSync(folder);
const text = (file: string) => readFileSync(join(folder, file), "utf8");
const workflow = (file: string) => load(text(file)) as Workflow;
const jobs = files.flatMap((file) =>
  Object.entries(workflow(file).jobs).map(([name, job]) => ({ file, name, job })),
);

describe.each(files)("%s", (file) => {
  test("pins every action by commit and says which version it is", () => {
    const used = text(file).match(/uses: .*/g) ?? [];
    expect(used.length).toBeGreaterThan(0);
    for (const line of used) expect(line).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("may only read, but for jobs that say what else", () => {
    expect(workflow(file).permissions).toEqual({ contents: "read" });
    expect(Object.keys(workflow(file).on)).not.toContain("pull_request_target");
  });

  test("calls what a person can run, with no expression in a script", () => {
    for (const { run } of Object.values(workflow(file).jobs).flatMap(({ steps }) => steps)) {
      expect(run ?? "").not.toContain("${{");
      const called = (run ?? "").match(/\b(ci|setup)\/[\w-]+/g) ?? [];
      for (const path of called) expect(existsSync(join(projectRoot, path))).toBe(true);
      for (const [, verb = ""] of (run ?? "").matchAll(/make ([\w-]+)/g))
        expect(readFileSync(join(projectRoot, "Makefile"), "utf8")).toMatch(new RegExp(`^${verb}:`, "m"));
    }
  });
});

test("no job with secrets runs for a fork's pull request", () => {
  for (const { file, job } of jobs.filter(({ job }) => JSON.stringify(job).includes("secrets."))) {
    expect(job.environment).toBeDefined();
    if ("pull_request" in workflow(file).on)
      expect(job.if).toBe(
        "github.event_name == 'workflow_dispatch' || " +
          "github.event.pull_request.head.repo.full_name == github.repository",
      );
  }
});

test("what proposes a change may start the preview of it, which takes its number by hand", () => {
  const proposing = jobs.filter(({ job }) => job.steps.some(({ run }) => run?.includes("ci/propose")));
  expect(proposing.map(({ file, job }) => [file, job.permissions?.actions])).toEqual([
    ["images.yml", "write"],
  ]);
  expect(workflow("preview.yml").on.workflow_dispatch).toMatchObject({
    inputs: { number: { required: true } },
  });
});

test("a secret is there for the one step that uses it, and no job writes more than it has to", () => {
  for (const file of files) {
    const { jobs: parsed } = workflow(file);
    const steps = Object.values(parsed).flatMap((job) => job.steps);
    const given = steps.flatMap(({ env = {} }) => Object.values(env)).filter((v) => v.includes("secrets."));
    expect(text(file).match(/secrets\./g) ?? []).toHaveLength(given.length);
    for (const { env = {}, run } of steps)
      if (JSON.stringify(env).includes("secrets.")) expect(run).toMatch(/^ci\/pipeline make /);
  }
  const writes = jobs.flatMap(({ file, job }) =>
    Object.entries(job.permissions ?? {}).flatMap(([scope, may]) => (may === "write" ? [[file, scope]] : [])),
  );
  expect(writes).toEqual([
    ["drift.yml", "issues"],
    ...["actions", "contents", "packages", "pull-requests"].map((scope) => ["images.yml", scope]),
    ["preview.yml", "pull-requests"],
  ]);
});

test("a deploy is staging and its smoke test, then prod's plan, and that plan behind prod's approval", () => {
  const { staging, plan, prod, ...others } = workflow("deploy.yml").jobs;
  expect(others).toEqual({});
  const ran = (job?: Job) => job!.steps.map(({ run = "" }) => run).join("\n");
  expect([plan!.needs, prod!.needs]).toEqual(["staging", "plan"]);
  expect([staging!.environment, plan!.environment, prod!.environment]).toEqual([
    ...["staging", "prod-preview", "prod"],
  ]);
  expect(ran(staging)).toContain("make up smoke STACK=staging");
  expect(ran(plan)).toContain("--save-plan build/plan.json");
  expect(ran(prod)).toContain("make up smoke STACK=prod PLAN=build/plan.json");
});

test("a pull request is tested, and it and the drift are looked at for staging and prod", () => {
  const { test: tested, preview } = workflow("preview.yml").jobs;
  expect(tested!.steps.map(({ run }) => run)).toContain("make test");
  for (const job of [preview!, workflow("drift.yml").jobs.drift!])
    expect(job.strategy?.matrix.stack).toEqual(["staging", "prod"]);
  expect(workflow("drift.yml").on).toHaveProperty("schedule");
});

test("a deploy that runs is never cancelled, and nothing but deploys waits in its line", () => {
  const groups = jobs.filter(({ job }) => job.concurrency?.group.startsWith("stack-"));
  expect(groups.map(({ name, job }) => [name, job.concurrency])).toEqual([
    ["staging", { group: "stack-staging", "cancel-in-progress": false }],
    ["prod", { group: "stack-prod", "cancel-in-progress": false }],
  ]);
});

describe("with GitHub's command line", () => {
  let bin: string;
  const calls = () => readFileSync(join(bin, "calls"), "utf8").trim().split("\n");

  /** A `gh` that answers its first call with a text and writes down every call. */
  function gh(first: string): void {
    writeFileSync(
      join(bin, "gh"),
      `#!/bin/sh\n[ -e ${bin}/calls ] || printf '%s\\n' '${first}'\necho "$*" >>${bin}/calls\n`,
    );
    chmodSync(join(bin, "gh"), 0o755);
  }
  const run = (command: string, ...args: string[]) =>
    execFileSync(join(projectRoot, command), args, {
      cwd: bin,
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
      encoding: "utf8",
    });

  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), "dating-gh-"));
    writeFileSync(join(bin, "preview.md"), "<!-- dating-preview prod -->\n## Preview\n");
  });
  afterEach(() => rmSync(bin, { recursive: true, force: true }));

  test("the first preview of a stack is a new comment", () => {
    gh("");
    run("ci/comment", "7", "preview.md");
    expect(calls().at(-1)).toBe(
      "api --silent --method POST repos/{owner}/{repo}/issues/7/comments --field body=@preview.md",
    );
  });

  test("a later one takes the place of the former", () => {
    gh("4711");
    run("ci/comment", "7", "preview.md");
    expect(calls().at(-1)).toBe(
      "api --silent --method PATCH repos/{owner}/{repo}/issues/comments/4711 --field body=@preview.md",
    );
  });
});

test("a pipeline without a backend stops: its state would be gone with the runner", () => {
  const env = { ...process.env, PULUMI_BACKEND_URL: "", DEPLOY_SSH_KEY: "key", DEPLOY_KNOWN_HOSTS: "host" };
  expect(() =>
    execFileSync(join(projectRoot, "ci/pipeline"), ["true"], { env, stdio: ["ignore", "ignore", "pipe"] }),
  ).toThrow("set PULUMI_BACKEND_URL");
});
