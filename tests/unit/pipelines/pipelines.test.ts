import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { projectRoot } from "../../../images/content";

let folder: string;
let checkout: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-pipeline-"));
  checkout = join(folder, "checkout");
  for (const name of ["bin", "home", "checkout/ci"]) mkdirSync(join(folder, name), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const environment = (more: NodeJS.ProcessEnv = {}) => ({
  ...process.env,
  PATH: `${join(folder, "bin")}:${process.env.PATH}`,
  HOME: join(folder, "home"),
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.com",
  // Of the pipeline that runs the tests.
  GITHUB_SHA: undefined,
  GITHUB_ACTIONS: undefined,
  ...more,
});

/** Puts a program in front of the real one; it is a shell script. */
const fake = (name: string, script: string) =>
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

/** A `gh` that writes down what it is called with, and answers a question with the given text. */
function fakeGitHub(answer: string): void {
  const calls = join(folder, "calls");
  fake(
    "bin/gh",
    `echo "$*" >>${calls}
for word; do case $word in body=@*) cp "\${word#body=@}" ${folder}/body;; esac; done
case "$*" in *"POST repos/{owner}/{repo}/pulls"*) echo 31;; *default_branch*) echo main;; *--jq*) echo "${answer}";; esac`,
  );
}

const calls = () => {
  const file = join(folder, "calls");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};

/** Runs a command of the project in a checkout that has nothing else. */
function run(command: string, args: string[], more: NodeJS.ProcessEnv = {}) {
  cpSync(join(projectRoot, "ci", command), join(checkout, "ci", command));
  return spawnSync(join(checkout, "ci", command), args, {
    cwd: checkout,
    env: environment(more),
    encoding: "utf8",
  });
}

describe("ci/comment", () => {
  test.each([
    ["writes a comment where there is none", "", "--method POST repos/{owner}/{repo}/issues/7/comments"],
    ["updates the one that is there", "42", "--method PATCH repos/{owner}/{repo}/issues/comments/42"],
  ])("%s", (_, found, call) => {
    fakeGitHub(found);
    writeFileSync(join(folder, "preview.md"), "<!-- marker -->\nNothing changes\n");
    expect(run("comment", ["7", join(folder, "preview.md")])).toMatchObject({ status: 0, stderr: "" });
    expect(calls()).toHaveLength(2);
    expect(calls()[0]).toContain("repos/{owner}/{repo}/issues/7/comments");
    expect(calls()[1]).toContain(call);
    expect(readFileSync(join(folder, "body"), "utf8")).toContain("Nothing changes");
  });
});

describe("ci/propose", () => {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: checkout, env: environment(), encoding: "utf8" }).trim();
  const file = () => join(checkout, "Pulumi.staging.yaml");

  beforeEach(() => {
    execFileSync("git", ["init", "--quiet", "--bare", join(folder, "origin")]);
    git("init", "--quiet", "--initial-branch", "main");
    git("remote", "add", "origin", join(folder, "origin"));
    writeFileSync(file(), "a: 1\n");
    writeFileSync(join(checkout, "other"), "");
    git("add", ".");
    git("commit", "--quiet", "--message", "Begin");
  });
  const opened = () => calls().filter((call) => call.includes("POST repos/{owner}/{repo}/pulls"));
  const propose = (more: NodeJS.ProcessEnv = {}) =>
    run("propose", ["Pulumi.staging.yaml", "raise-images", "Raise the images"], more);

  test("does nothing where the file is as it was", () => {
    fakeGitHub("");
    expect(propose()).toMatchObject({ status: 0, stdout: expect.stringContaining("nothing to propose") });
    expect(calls()).toEqual([]);
  });

  test("proposes the commit that a command has made since the pipeline's own, with its message", () => {
    fakeGitHub("");
    const begun = { GITHUB_SHA: git("rev-parse", "HEAD") };
    expect(propose(begun)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("nothing to propose"),
    });
    appendFileSync(file(), "b: 2\n");
    git("commit", "--quiet", "--all", "--message", "Promote staging to prod\n\nPromoted-From: staging");
    expect(propose(begun)).toMatchObject({ status: 0 });
    expect(git("log", "-1", "--format=%B", "origin/raise-images")).toContain("Promoted-From: staging");
    expect(git("rev-parse", "origin/raise-images~1")).toBe(begun.GITHUB_SHA);
    expect(opened()).toHaveLength(1);
  });

  test("pushes the file alone to its branch, and opens one pull request for it", () => {
    fakeGitHub("");
    appendFileSync(file(), "b: 2\n");
    appendFileSync(join(checkout, "other"), "not this\n");
    expect(propose()).toMatchObject({ status: 0 });
    expect(git("diff", "--name-only", "main", "origin/raise-images")).toBe("Pulumi.staging.yaml");
    expect(git("log", "-1", "--format=%s", "origin/raise-images")).toBe("Raise the images");
    expect(opened()).toEqual([
      expect.stringContaining("--raw-field head=raise-images --raw-field base=main"),
    ]);
    expect(calls().at(-1)).toMatch(
      /preview\.yml\/dispatches --raw-field ref=raise-images --raw-field inputs\[number\]=31$/,
    );

    fakeGitHub("7");
    appendFileSync(file(), "c: 3\n");
    expect(propose()).toMatchObject({ status: 0 });
    expect(git("show", "origin/raise-images:Pulumi.staging.yaml")).toContain("c: 3");
    expect(opened()).toHaveLength(1);
    expect(calls().at(-1)).toMatch(
      /preview\.yml\/dispatches --raw-field ref=raise-images --raw-field inputs\[number\]=7$/,
    );
  });
});

describe("ci/drift-issue", () => {
  const drift = (status: number) => fake("checkout/dating", `echo "the report" >"$4"; exit ${status}`);

  test.each([
    [
      "opens an issue where there is drift and none is open",
      2,
      "",
      [
        "POST repos/{owner}/{repo}/issues --raw-field title=Drift in the stack prod --field body=@build/drift-prod.md",
      ],
    ],
    [
      "updates the open one",
      2,
      "12",
      ["PATCH repos/{owner}/{repo}/issues/12 --field body=@build/drift-prod.md"],
    ],
    [
      "closes it where there is none any more",
      0,
      "12",
      [
        "POST repos/{owner}/{repo}/issues/12/comments --raw-field body=The stack is as it was deployed.",
        "PATCH repos/{owner}/{repo}/issues/12 --raw-field state=closed",
      ],
    ],
  ])("%s", (_, status, open, done) => {
    drift(status);
    fakeGitHub(open);
    expect(run("drift-issue", ["prod"])).toMatchObject({ status: 0 });
    expect(calls()[0]).toContain("repos/{owner}/{repo}/issues?state=open");
    expect(calls().slice(1)).toEqual(done.map((call) => expect.stringContaining(call)));
  });

  test("does nothing where there is neither", () => {
    drift(0);
    fakeGitHub("");
    expect(run("drift-issue", ["prod"])).toMatchObject({ status: 0 });
    expect(calls()).toHaveLength(1);
  });

  test("tells who waits for it that it has looked, with the address on no command line", () => {
    fake("bin/curl", `echo "curl $*: $(cat)" >>${join(folder, "calls")}`);
    drift(0);
    fakeGitHub("");
    const given = { HEARTBEAT_URL: "https://heartbeats.example.com/1234" };
    expect(run("drift-issue", ["prod"], given)).toMatchObject({ status: 0 });
    expect(calls().at(-1)).toMatch(/^curl .*--config -: url = "https:\/\/heartbeats.example.com\/1234"$/);
  });

  test("says nothing about a stack that could not be looked at, and fails", () => {
    fake("bin/curl", `echo curl >>${join(folder, "calls")}`);
    drift(1);
    fakeGitHub("12");
    expect(run("drift-issue", ["prod"], { HEARTBEAT_URL: "https://heartbeats.example.com" })).toMatchObject({
      status: 1,
    });
    expect(calls()).toEqual([]);
  });
});

describe("ci/environment", () => {
  const note = () => join(checkout, "build/environment.md");
  const dating = () =>
    fake(
      "checkout/dating",
      `echo "$*" >>${join(folder, "calls")}
case "$2" in create) cat >>${join(folder, "calls")}; echo note >build/environment.md;; list) echo '[{"stack": "preview-pr-7"}]';; esac`,
    );

  test("makes one like staging, behind its edge, with the password on no command line", () => {
    dating();
    expect(run("environment", ["make", "7"], { PREVIEW_PASSWORD: "correct-horse-battery" })).toMatchObject({
      status: 0,
    });
    expect(calls()).toEqual([
      "env create PR-7 --like staging --behind staging --secrets --markdown build/environment.md",
      "password=correct-horse-battery",
    ]);
    expect(readFileSync(note(), "utf8")).toBe("note\n");
  });

  test("makes none that everybody could enter", () => {
    dating();
    const { status, stderr } = run("environment", ["make", "7"], { PREVIEW_PASSWORD: "" });
    expect([status, calls()]).toEqual([1, []]);
    expect(stderr).toContain("set PREVIEW_PASSWORD");
  });

  test("removes what is there and says so below the pull request, and says nothing of what never was", () => {
    dating();
    expect(run("environment", ["remove", "7"])).toMatchObject({ status: 0 });
    expect(calls()).toEqual(["env list --json", "env remove PR-7"]);
    expect(readFileSync(note(), "utf8")).toMatch(
      /^<!-- dating-environment PR-7 -->\n## No preview environment\n/,
    );
    rmSync(note());
    expect(run("environment", ["remove", "8"])).toMatchObject({ status: 0 });
    expect(calls()).toHaveLength(3);
    expect(existsSync(note())).toBe(false);
  });

  test("removes nothing where nobody says what there is", () => {
    fake("checkout/dating", "echo no answer >&2; exit 1");
    expect(run("environment", ["remove", "7"])).toMatchObject({ status: 1 });
    expect(existsSync(note())).toBe(false);
  });
});

// As on every machine that deploys over SSH.
const describeWithSsh = spawnSync("ssh", ["-V"]).status === 0 ? describe : describe.skip;

describeWithSsh("ci/pipeline", () => {
  const secrets = () => {
    const key = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "deploys", "-f", key]);
    return {
      PULUMI_BACKEND_URL: "s3://bucket",
      DEPLOY_SSH_KEY: readFileSync(key, "utf8"),
      DEPLOY_KNOWN_HOSTS: "example.com ssh-ed25519 AAAA",
    };
  };

  const known = join("home", ".ssh/config");

  const missing = ["PULUMI_BACKEND_URL", "DEPLOY_SSH_KEY", "DEPLOY_KNOWN_HOSTS"];

  test.each(missing)("asks for %s", (name) => {
    const { status, stderr } = run("pipeline", ["true"], { ...secrets(), [name]: "" });
    expect(stderr).toContain(`set ${name}, a `);
    expect(status).toBe(1);
  });

  test("tells a new repository all that is missing at once, also where GitHub shows it on the pull request", () => {
    const none = Object.fromEntries(missing.map((name) => [name, ""]));
    const { status, stdout, stderr } = run("pipeline", ["echo", "ran"], { ...none, GITHUB_ACTIONS: "true" });
    expect([status, stderr.match(/set (\w+)(?=, )/g)]).toEqual([1, missing.map((name) => `set ${name}`)]);
    expect(stderr).toContain("docs/pipelines.md");
    expect(stdout.match(/^::error::/gm)).toHaveLength(missing.length + 1);
    expect(stdout).not.toContain("ran");
  });

  test("asks for a token where the state is in Pulumi Cloud, and nobody is logged in", () => {
    const cloud = { ...secrets(), PULUMI_BACKEND_URL: "https://api.pulumi.com", PULUMI_ACCESS_TOKEN: "" };
    const own = { PULUMI_HOME: join(folder, "home/.pulumi") };
    const { stderr } = run("pipeline", ["true"], { ...cloud, ...own });
    expect(stderr).toContain("set PULUMI_ACCESS_TOKEN, a secret");
    expect(run("pipeline", ["true"], { ...cloud, ...own, PULUMI_ACCESS_TOKEN: "pul-1" })).toMatchObject({
      status: 0,
    });
  });

  test("says of a key that opens nothing how it has to be given, and runs nothing", () => {
    const { status, stdout, stderr } = run("pipeline", ["echo", "ran"], {
      ...secrets(),
      DEPLOY_SSH_KEY: "ssh-ed25519 AAAA deploys",
    });
    expect([status, stdout]).toEqual([1, expect.not.stringContaining("ran")]);
    expect(stderr).toContain("DEPLOY_SSH_KEY is no private key");
  });

  test("gives the command the key in an agent and nowhere else, and the host's key once", () => {
    const given = secrets();
    const look = 'ssh-add -l; echo "key: ${DEPLOY_SSH_KEY-none}"; cat ~/.ssh/known_hosts; exit 3';
    for (let time = 0; time < 2; time++) {
      const { status, stdout } = run("pipeline", ["sh", "-c", look], given);
      expect(stdout).toContain("deploys (ED25519)");
      expect(stdout).toContain("key: none\nexample.com ssh-ed25519 AAAA\n");
      expect(stdout.match(/example\.com/g)).toHaveLength(1);
      expect(status).toBe(3);
    }
  });

  test("lets all calls share a login, unless the machine has a way of its own", () => {
    const given = secrets();
    for (let time = 0; time < 2; time++) run("pipeline", ["true"], given);
    const written = readFileSync(join(folder, known), "utf8");
    expect(written.match(/ControlMaster auto/g)).toHaveLength(1);
    writeFileSync(join(folder, known), "Host *\n  ControlMaster no\n");
    run("pipeline", ["true"], given);
    expect(readFileSync(join(folder, known), "utf8")).toBe("Host *\n  ControlMaster no\n");
  });

  test("reads the state alone without a key, and gives none away that it has", () => {
    const given = { PULUMI_BACKEND_URL: "s3://bucket", DEPLOY_SSH_KEY: "", DEPLOY_KNOWN_HOSTS: "" };
    expect(run("pipeline", ["--state-only", "true"], given)).toMatchObject({ status: 0, stderr: "" });
    const look = 'ssh-add -l >/dev/null 2>&1 || echo no agent; echo "$DEPLOY_SSH_KEY$REGISTRY_PASSWORD"';
    const more = { ...secrets(), REGISTRY_PASSWORD: "hunter22", SSH_AUTH_SOCK: "" };
    expect(run("pipeline", ["--state-only", "sh", "-c", look], more).stdout).toBe("no agent\n\n");
    expect(existsSync(join(folder, "home/.ssh"))).toBe(false);
  });

  test("drops credentials that are empty, which would be tried", () => {
    const empty = {
      PULUMI_CONFIG_PASSPHRASE: "",
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      PULUMI_ACCESS_TOKEN: "",
      AWS_REGION: "eu-north-1",
    };
    const { stdout } = run("pipeline", ["env"], { ...secrets(), ...empty });
    expect(stdout).toContain("AWS_REGION=eu-north-1");
    expect(stdout).not.toMatch(/^(AWS_(ACCESS|SECRET).*|PULUMI_(ACCESS_TOKEN|CONFIG_PASSPHRASE))=/m);
  });

  test("hands AWS what GitLab says of the job, for as long as it runs", () => {
    const given = { ...secrets(), AWS_TOKEN: "vouched", AWS_ROLE_ARN: "arn:aws:iam::0:role/state" };
    const look = 'cat "$AWS_WEB_IDENTITY_TOKEN_FILE"; echo " $AWS_WEB_IDENTITY_TOKEN_FILE ${AWS_TOKEN-none}"';
    const { stdout } = run("pipeline", ["sh", "-c", look], given);
    const [, file = ""] = /^vouched (\S+) none\n$/.exec(stdout) ?? [];
    expect(file).not.toBe("");
    expect(existsSync(file)).toBe(false);
  });

  test("logs in to the registry for the command alone, with the password on no command line", () => {
    const log = join(folder, "docker-calls");
    fake(
      "bin/docker",
      `echo "$* < $(cat) > $DOCKER_CONFIG" >>${log}; echo login >"$DOCKER_CONFIG/config.json"`,
    );
    mkdirSync(join(folder, "home/.docker"));
    writeFileSync(join(folder, "home/.docker/config.json"), "own");
    const given = {
      ...secrets(),
      REGISTRY: "registry.example.com",
      REGISTRY_USER: "ci",
      REGISTRY_PASSWORD: "hunter22",
    };
    const look = 'cat "$DOCKER_CONFIG/config.json"; echo "$DOCKER_CONFIG ${REGISTRY_PASSWORD-none}"; exit 3';
    const { status, stdout } = run("pipeline", ["sh", "-c", look], { ...given, DOCKER_CONFIG: undefined });
    const [, config = ""] = /^login\n(\S+) none\n$/.exec(stdout) ?? [];
    expect(readFileSync(log, "utf8")).toBe(
      `login --username ci --password-stdin registry.example.com < hunter22 > ${config}\n`,
    );
    expect(existsSync(config)).toBe(false);
    expect(readFileSync(join(folder, "home/.docker/config.json"), "utf8")).toBe("own");
    expect(status).toBe(3);
  });

  test("says which registry refuses the login, and runs nothing", () => {
    fake("bin/docker", "exit 1");
    const { status, stdout, stderr } = run("pipeline", ["echo", "ran"], {
      ...secrets(),
      REGISTRY_PASSWORD: "wrong",
    });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("ghcr.io refuses REGISTRY_USER and REGISTRY_PASSWORD");
  });
});
