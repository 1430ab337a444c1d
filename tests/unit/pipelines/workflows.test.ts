import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { names } from "../../../cli/catalog";
import { projectRoot } from "../../../images/content";

interface Step {
  if?: string;
  uses?: string;
  run?: string;
  env?: Record<string, string>;
}

interface Job {
  if?: string;
  environment?: string;
  needs?: string;
  strategy?: {
    matrix: { stack?: string[]; part?: string[]; include?: { stack: string; environment: string }[] };
  };
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
const actions = readdirSync(join(projectRoot, ".github/actions"));
const text = (file: string) => readFileSync(join(folder, file), "utf8");
const workflow = (file: string) => load(text(file)) as Workflow;
const jobs = files.flatMap((file) =>
  Object.entries(workflow(file).jobs).map(([name, job]) => ({ file, name, job })),
);

/** Each action by what it is pinned to: one of two commits would be a mistake. */
const pins = new Map<string, string>();

test.each([...files, ...actions.map((name) => `../actions/${name}/action.yml`)])(
  "%s pins every action by commit and says which version it is; those of the project are there",
  (file) => {
    const used = text(file).match(/uses: .*/g) ?? [];
    expect(used.length).toBeGreaterThan(0);
    for (const line of used) {
      const own = /^uses: \.\/\.github\/actions\/([\w-]+)$/.exec(line)?.[1];
      if (own !== undefined) {
        expect(actions).toContain(own);
        continue;
      }
      const [, name, pin] = /^uses: ([\w-]+\/[\w-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)$/.exec(line) ?? [line];
      expect([name, pin]).toEqual([name, pins.get(name!) ?? pin]);
      expect(pin).toBeDefined();
      pins.set(name!, pin!);
    }
  },
);

describe.each(files)("%s", (file) => {
  test("may only read, but for jobs that say what else", () => {
    expect(workflow(file).permissions).toEqual({ contents: "read" });
    expect(Object.keys(workflow(file).on)).not.toContain("pull_request_target");
  });

  test("calls what a person can run, with no expression in a script", () => {
    for (const { run } of Object.values(workflow(file).jobs).flatMap(({ steps }) => steps)) {
      expect(run ?? "").not.toContain("${{");
      const called = (run ?? "").match(/\b(ci|setup)\/[\w-]+/g) ?? [];
      for (const path of called) expect(existsSync(join(projectRoot, path))).toBe(true);
      for (const [, command] of (run ?? "").matchAll(/\.\/dating ([\w-]+)/g))
        expect(names).toContain(command);
      for (const [, verb = ""] of (run ?? "").matchAll(/make ([\w-]+)/g))
        expect(readFileSync(join(projectRoot, "Makefile"), "utf8")).toMatch(new RegExp(`^${verb}:`, "m"));
    }
  });
});

test("no job with secrets runs for a fork's pull request, nor for Dependabot's", () => {
  const own =
    "github.event.pull_request.head.repo.full_name == github.repository && github.actor != 'dependabot[bot]'";
  for (const { file, name, job } of jobs.filter(({ job }) => JSON.stringify(job).includes("secrets."))) {
    expect(job.environment).toBeDefined();
    if (!("pull_request" in workflow(file).on)) continue;
    const conditions = {
      preview: `github.event_name == 'workflow_dispatch' || (${own})`,
      expire: "github.event_name != 'pull_request'",
    }[name];
    if (conditions) expect(job.if).toBe(conditions);
    else
      expect(job.if).toMatch(
        new RegExp(`^github.event_name == 'pull_request' && .* && ${own.replace(/[[\].]/g, "\\$&")}$`),
      );
  }
});

test("what proposes a change may start the preview of it, which takes its number by hand", () => {
  const proposing = jobs.filter(({ job }) => job.steps.some(({ run }) => run?.includes("ci/propose")));
  expect(proposing.map(({ file, job }) => [file, job.permissions?.actions])).toEqual([
    ["images.yml", "write"],
    ["promote.yml", "write"],
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
      if (JSON.stringify(env).includes("secrets."))
        expect(run).toMatch(/^ci\/pipeline ((--state-only )?make|ci\/environment|\.\/dating promote) /);
  }
  const writes = jobs.flatMap(({ file, job }) =>
    Object.entries(job.permissions ?? {}).flatMap(([scope, may]) => (may === "write" ? [[file, scope]] : [])),
  );
  expect(writes).toEqual([
    ...["staging", "plan", "prod"].map(() => ["deploy.yml", "id-token"]),
    ...["id-token", "issues"].map((scope) => ["drift.yml", scope]),
    ...["make", "remove"].flatMap(() =>
      ["id-token", "pull-requests"].map((scope) => ["environment.yml", scope]),
    ),
    ["environment.yml", "id-token"],
    ...["actions", "contents", "packages", "pull-requests"].map((scope) => ["images.yml", scope]),
    ...["id-token", "pull-requests"].map((scope) => ["preview.yml", scope]),
    ...["actions", "contents", "id-token", "pull-requests"].map((scope) => ["promote.yml", scope]),
  ]);
});

test("a deploy is staging and its smoke test, then prod's plan, and that plan behind prod's approval", () => {
  const { staging, plan, prod, ...others } = workflow("deploy.yml").jobs;
  expect(others).toEqual({});
  const ran = (job?: Job) => job!.steps.map(({ run = "" }) => run).join("\n");
  expect([plan!.needs, prod!.needs]).toEqual(["staging", "plan"]);
  expect([staging!.environment, plan!.environment, prod!.environment]).toEqual([
    ...["staging", "prod-plan", "prod"],
  ]);
  expect(ran(staging)).toContain("make up smoke STACK=staging");
  expect(ran(plan)).toContain("--save-plan build/plan.json");
  expect(ran(prod)).toContain("make up smoke STACK=prod PLAN=build/plan.json");
});

test("a pull request's code gets the state to read, and no way to a host", () => {
  const { preview } = workflow("preview.yml").jobs;
  expect(preview!.strategy?.matrix.stack).toEqual(["staging", "prod"]);
  expect(preview!.environment).toBe("${{ matrix.stack }}-preview");
  expect(text("preview.yml")).not.toContain("DEPLOY_");
  const [run] = preview!.steps.flatMap(({ run }) => run ?? []);
  expect(run).toMatch(/^ci\/pipeline --state-only make preview .*--state-only/);
  // What looks at a host, or deploys to it, is the main branch's own code.
  const others = jobs.filter(({ file }) => file !== "preview.yml").map(({ job }) => job.environment ?? "");
  expect(others.filter((name) => name.endsWith("-preview"))).toEqual([]);
});

test("a promotion is proposed by who may look at prod, by hand, from all of the history", () => {
  const { on, jobs: all } = workflow("promote.yml");
  expect(Object.keys(on)).toEqual(["workflow_dispatch"]);
  expect(all.promote!.environment).toBe("prod-plan");
  expect(text("promote.yml")).toContain("fetch-depth: 0");
  const ran = all.promote!.steps.flatMap(({ run = "" }) => run);
  expect(ran).toContain("ci/pipeline ./dating promote --from staging --to prod");
  expect(ran.at(-1)).toContain("ci/propose Pulumi.prod.yaml ");
});

test("each night both stacks are compared with what was deployed, each as the main branch sees it", () => {
  const { on, jobs: all } = workflow("drift.yml");
  expect(on).toHaveProperty("schedule");
  expect(all.drift!.strategy?.matrix.include).toEqual([
    { stack: "staging", environment: "staging" },
    { stack: "prod", environment: "prod-plan" },
  ]);
});

test("every change is tested: what is fast by itself, and each part of the rest on a machine of its own", () => {
  const { on, jobs: all } = workflow("test.yml");
  expect(Object.keys(on)).toEqual(["push", "pull_request"]);
  expect(all.fast!.steps.map(({ run }) => run)).toContain("make test-fast");
  expect(all.go!.steps.map(({ run }) => run)).toContain("ci/test go");
  const shards = (project: string) => [1, 2, 3, 4, 5, 6].map((part) => `${project} --shard ${part}/6`);
  expect(all.engine!.strategy?.matrix.part).toEqual([...shards("engine"), "load"]);
  expect(workflow("soak.yml").jobs.soak!.strategy?.matrix.part).toEqual(shards("soak"));
});

test("a registry that is not GitHub's gets a password of its own, and never GitHub's token", () => {
  for (const { job } of jobs)
    for (const { env = {} } of job.steps)
      if (env.REGISTRY_PASSWORD)
        expect(env.REGISTRY_PASSWORD).toBe(
          "${{ secrets.REGISTRY_PASSWORD || (vars.REGISTRY == '' && github.token) || '' }}",
        );
});

test("a deploy that runs is never cancelled, and nothing but deploys and their plans waits in its line", () => {
  const groups = jobs.filter(({ job }) => job.concurrency?.group.startsWith("stack-"));
  expect(groups.map(({ name, job }) => [name, job.concurrency])).toEqual([
    ["staging", { group: "stack-staging", "cancel-in-progress": false }],
    ["plan", { group: "stack-prod", "cancel-in-progress": false }],
    ["prod", { group: "stack-prod", "cancel-in-progress": false }],
  ]);
});

test("every secret and variable that a workflow reads is explained, and nothing is explained that none reads", () => {
  const read = files.flatMap((file) =>
    [...text(file).matchAll(/(?:secrets|vars)\.(\w+)/g)].map(([, name]) => name!),
  );
  const page = readFileSync(join(projectRoot, "docs/pipelines.md"), "utf8");
  const table = page.split("\n").filter((line) => /^ *\| `[A-Z_`, ]+` +\| (secret|variable)/.test(line));
  const explained = table.flatMap((line) =>
    [...line.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
  );
  expect(explained.sort()).toEqual([...new Set(read)].sort());
});

test("a preview environment is made for whom the label was set, and goes with the pull request, the label or a week", () => {
  const { on, jobs: all } = workflow("environment.yml");
  expect(on).toMatchObject({
    pull_request: { types: expect.arrayContaining(["labeled", "unlabeled", "closed"]) },
  });
  expect(all.make!.if).toContain("contains(github.event.pull_request.labels.*.name, 'preview')");
  // Most repositories close many pull requests that never had one, and need not have what this asks for.
  expect(all.remove!.if).toContain(
    "(github.event.action == 'closed' && contains(github.event.pull_request.labels.*.name, 'preview'))",
  );
  expect(all.expire!.steps.at(-1)).toMatchObject({ if: "vars.PULUMI_BACKEND_URL != ''" });
  const ran = Object.values(all).flatMap(({ steps }) =>
    steps.flatMap(({ run = "" }) => run.match(/ci\/environment .*/) ?? []),
  );
  expect(ran).toEqual([
    'ci/environment make "$NUMBER"',
    'ci/environment remove "$NUMBER"',
    "ci/environment expire 7d",
  ]);
  for (const name of ["make", "remove"])
    expect(all[name]!.concurrency).toEqual({
      group: "environment-${{ github.event.pull_request.number }}",
      "cancel-in-progress": false,
    });
});
