import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { projectRoot } from "../../../../images/content";
import type { GitHubStandIn } from "../../../support/github";
import { findGh } from "../../../support/gh";
import { canBuild } from "../../../support/go";
import type { Project } from "../project";

const gh = findGh();
const hasSsh = spawnSync("ssh", ["-V"]).status === 0;

/** act, which runs the jobs, is built with Go, and what they call asks GitHub with gh; without these, tests are skipped, and say so. */
export const describeWithAct = canBuild && gh && hasSsh ? describe : describe.skip;

/** Who has started each job: a name that the registry of the tests lets in. */
const actor = "tester";

/** What an environment of the repository has. */
export interface Settings {
  secrets: Record<string, string>;
  vars: Record<string, string>;
}

/** What happened in the repository. */
export interface Event {
  name: "pull_request" | "push" | "schedule" | "workflow_dispatch";
  payload?: object;
}

/** What a job printed, and whether it ended well. */
export interface Ran {
  status: number | null;
  text: string;
}

/**
 * The workflows of a copy of the checkout, run by act (https://github.com/nektos/act) on this machine itself. What stands in:
 *
 * - for GitHub's API, {@link GitHubStandIn};
 * - for the actions that the workflows use, a few lines each: they set up what is there already, and keep artifacts in a folder;
 * - for environments, the test: act knows neither their secrets nor approvals, so each job is started by itself, with what its
 *   environment has, in the order in which GitHub would.
 */
export class Workflows {
  private readonly folder: string;

  /** @param registry what takes the place of ghcr.io, for jobs that push there. Default: they cannot */
  constructor(
    private readonly project: Project,
    github: GitHubStandIn,
    private readonly registry = "ghcr.io",
  ) {
    this.folder = join(project.directory, ".act");
    for (const name of ["home", "actions", "artifacts"])
      mkdirSync(join(this.folder, name), { recursive: true });
    // A job sets itself up, for which a stack's test has no need.
    cpSync(join(projectRoot, "offline"), join(project.directory, "offline"), { recursive: true });
    this.copyWorkflows();
    this.standIns();
    writeFileSync(
      join(project.directory, ".bin/gh"),
      `#!/bin/sh\nexport HTTP_PROXY=${github.address} GH_HOST=github.localhost GH_REPO=github.localhost/acme/dating\nexec ${gh!} "$@"\n`,
      { mode: 0o755 },
    );
    this.git("init", "--quiet", "--initial-branch", "main");
    this.git("remote", "add", "origin", "https://github.com/acme/dating.git");
    // What a job pushes comes into a folder.
    execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch", "main", this.pushed]);
    this.git("remote", "set-url", "--push", "origin", this.pushed);
    this.git("config", "user.name", "Ana");
    this.git("config", "user.email", "ana@example.com");
    writeFileSync(
      join(project.directory, ".git/info/exclude"),
      ".act\n.bin\n.state\n.ssh\nnode_modules\nevent-*\n",
    );
    this.commit("Begin");
  }

  /** The home of whoever runs the jobs. */
  get home(): string {
    return join(this.folder, "home");
  }

  /** Where branches are that jobs have pushed. */
  private get pushed(): string {
    return join(this.folder, "origin.git");
  }

  stack(name: "staging" | "prod"): string {
    return `${this.project.stackName}-${name}`;
  }

  /** Makes one of the two, as `./dating init` does in the end. */
  make(name: "staging" | "prod", config: Record<string, string>, secrets: Record<string, string>): void {
    const stack = ["--stack", this.stack(name)];
    const values = (option: string, given: Record<string, string>) =>
      Object.entries(given).flatMap(([key, value]) => [option, `dating:${key}=${value}`]);
    this.project.run("pulumi", ["stack", "init", this.stack(name), "--no-select"]);
    this.project.run("pulumi", [
      "config",
      "set-all",
      ...stack,
      ...values("--plaintext", config),
      ...values("--secret", secrets),
    ]);
  }

  commit(message: string): string {
    this.git("add", "--all");
    // Those of tests are ignored; a repository has its stacks' files.
    const files = (["staging", "prod"] as const).map((name) => `Pulumi.${this.stack(name)}.yaml`);
    const own = files.filter((file) => existsSync(join(this.project.directory, file)));
    if (own.length > 0) this.git("add", "--force", ...own);
    this.git("commit", "--quiet", "--allow-empty", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  /** Merges a branch that a job has pushed, as somebody does who likes its pull request. */
  merge(branch: string): void {
    this.git("pull", "--quiet", "--ff-only", this.pushed, branch);
  }

  /** What git tells of the checkout, or of what jobs have pushed. */
  git(...args: string[]): string {
    return execFileSync("git", args, { cwd: this.project.directory, encoding: "utf8" }).trim();
  }

  /** The message of the last commit of a branch that a job has pushed; undefined where none has. */
  pushedMessage(branch: string): string | undefined {
    const log = ["--git-dir", this.pushed, "log", "-1", "--format=%B", `refs/heads/${branch}`];
    const { status, stdout } = spawnSync("git", log, { encoding: "utf8" });
    return status === 0 ? stdout.trim() : undefined;
  }

  /** Runs one job as GitHub would for an event, with what its environment has. */
  async run(
    workflow: string,
    job: string,
    event: Event,
    { secrets, vars }: Settings,
    matrix?: string,
  ): Promise<Ran> {
    // Each job has a runner of its own, where nobody has logged in.
    rmSync(join(this.home, ".docker"), { recursive: true, force: true });
    const file = (name: string, text: string) => {
      const path = join(this.folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const lines = (values: Record<string, string>) =>
      Object.entries(values)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
        .join("");
    const args = [
      ...[event.name, "--workflows", `.github/workflows/${workflow}`, "--job", job],
      ...[
        "--platform",
        "ubuntu-latest=-self-hosted",
        "--use-gitignore=false",
        "--container-daemon-socket",
        "-",
      ],
      ...[
        "--eventpath",
        file("event.json", JSON.stringify(event.payload ?? {})),
        "--no-cache-server",
        "--actor",
        actor,
      ],
      ...["--secret-file", file("secrets", lines({ GITHUB_TOKEN: "stand-in", ...secrets }))],
      ...["--var-file", file("vars", lines(vars)), "--env-file", "/dev/null", "--input-file", "/dev/null"],
      ...Object.entries(this.environment()).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...this.replaced().flatMap((pair) => ["--local-repository", pair]),
      ...(matrix ? ["--matrix", matrix] : []),
    ];
    const act = execFileSync(join(projectRoot, "offline/toolchain/setup"), ["service", "act"], {
      encoding: "utf8",
    }).trim();
    const child = spawn(act, args, {
      cwd: this.project.directory,
      env: {
        ...process.env,
        HOME: this.home,
        PATH: `${join(this.project.directory, ".bin")}:${process.env.PATH}`,
        XDG_CACHE_HOME: this.folder,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part: Buffer) => (text += part.toString()));
    const [status] = (await once(child, "close")) as [number | null];
    return { status, text };
  }

  /** What a runner has beside the job's own: its engine, and here the caches of the machine, so that nothing is built anew. */
  private environment(): Record<string, string> {
    return {
      HOME: this.home,
      DATING_CACHE_DIR: process.env.DATING_CACHE_DIR ?? join(homedir(), ".cache/dating-mini-app"),
      ARTIFACTS: join(this.folder, "artifacts"),
      // A file that jobs may write.
      GIT_CONFIG_GLOBAL: join(this.folder, "gitconfig"),
      LIKE: this.stack("staging"),
      ...(process.env.DOCKER_HOST && { DOCKER_HOST: process.env.DOCKER_HOST }),
    };
  }

  /** The stacks get names that are nobody else's. Jobs are started one by one, so none waits for another. */
  private copyWorkflows(): void {
    const target = join(this.project.directory, ".github");
    cpSync(join(projectRoot, ".github"), target, { recursive: true });
    for (const name of readdirSync(join(target, "workflows"))) {
      const path = join(target, "workflows", name);
      const text = readFileSync(path, "utf8")
        .replace(/^ {4}needs: .*\n/gm, "")
        .replace("stack: [staging, prod]", `stack: [${this.stack("staging")}, ${this.stack("prod")}]`)
        .replace(
          /(STACK=|\{ stack: |Pulumi\.|--(?:from|to) |ci\/promote )(staging|prod)\b/g,
          (_, before: string, name: "staging") => before + this.stack(name),
        )
        .replace(/(REGISTRY: |docker login )ghcr\.io/g, (_, before: string) => before + this.registry);
      writeFileSync(path, text);
    }
  }

  /** Every action that the workflows use, as the file of its stand-in. One that has none fails here. */
  private replaced(): string[] {
    const texts = [".github/workflows", ".github/actions/prepare"].flatMap((folder) =>
      readdirSync(join(this.project.directory, folder)).map((name) =>
        readFileSync(join(this.project.directory, folder, name), "utf8"),
      ),
    );
    const used = new Set(
      texts.flatMap((text) =>
        [...text.matchAll(/uses: ([\w-]+\/[\w-]+@[0-9a-f]{40})/g)].map(([, action]) => action!),
      ),
    );
    return [...used]
      .filter((action) => !action.startsWith("actions/checkout@"))
      .map((action) => {
        const path = join(this.folder, "actions", action.split("@")[0]!.split("/")[1]!);
        if (!existsSync(path)) throw new Error(`there is no stand-in for ${action}`);
        return `${action}=${path}`;
      });
  }

  private standIns(): void {
    const action = (name: string, run: string, inputs: string[] = []) => {
      const path = join(this.folder, "actions", name);
      mkdirSync(path);
      const given = inputs.map((input) => `  ${input}: { required: true }\n`).join("");
      const environment = inputs
        .map((input) => `        ${input.toUpperCase().replaceAll("-", "_")}: \${{ inputs.${input} }}\n`)
        .join("");
      writeFileSync(
        join(path, "action.yml"),
        `name: stand-in for ${name}\ndescription: ${name}\n${given && `inputs:\n${given}`}runs:\n  using: composite\n  steps:\n` +
          `    - shell: bash\n${environment && `      env:\n${environment}`}      run: ${run}\n`,
      );
    };
    action("setup-node", "node --version");
    action("cache", "echo nothing is cached here");
    // GitHub's and AWS's word for the job; what the state asks for is set as keys.
    action(
      "configure-aws-credentials",
      'echo "AWS_ACCESS_KEY_ID=test" >>"$GITHUB_ENV"; echo "AWS_SECRET_ACCESS_KEY=$ROLE_TO_ASSUME" >>"$GITHUB_ENV"',
      ["role-to-assume"],
    );
    action("upload-artifact", 'cp build/plan.json "$ARTIFACTS/"');
    action("download-artifact", 'mkdir -p build && cp "$ARTIFACTS/plan.json" build/');
  }
}
