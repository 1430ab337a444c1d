import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { containerOf, docker, labelled, removeAll, services } from "../docker";
import { request, requestUntilHealthy } from "../http";
import { Project } from "../project";

/** Preview environments of a copy of the checkout, with names that are nobody else's. */
export class Environments {
  readonly names: string[];

  private constructor(
    readonly project: Project,
    count: number,
  ) {
    this.names = Array.from({ length: count }, (_, index) => `${project.stackName}-PR-${index + 1}`);
    process.once("exit", () => this.removeAll());
  }

  static async of(count: number): Promise<Environments> {
    return new Environments(await Project.create(), count);
  }

  stack(name: string): string {
    return `preview-${name.toLowerCase()}`;
  }

  /** First part of the environment's names on the Docker host. */
  prefix(name: string): string {
    return `dating-${this.stack(name)}`;
  }

  /**
   * Makes or updates an environment.
   *
   * @param front the stack whose edge leads to it, and the password that is asked for
   * @returns its address, as the command prints it
   */
  create(name: string, front?: { behind: string; password: string }): string {
    const options = front ? ["--behind", front.behind, "--secrets"] : [];
    const input = front && `password=${front.password}\n`;
    const printed = this.project.run("./dating", ["env", "create", name, ...options], input);
    const [, url] = /^.* is stack \S+: {2}(\S+)$/m.exec(printed) ?? [];
    if (!url) throw new Error(`no address in: ${printed}`);
    return url;
  }

  /** As a checkout that did not make the environment finds it. */
  forgetFile(name: string): void {
    const file = join(this.project.directory, `Pulumi.${this.stack(name)}.yaml`);
    if (!existsSync(file)) throw new Error(`${file} is not there`);
    rmSync(file);
  }

  /** Everything that people see of an environment: it answers, and its database has people in it. */
  async look(name: string, url: string): Promise<{ page: string; users: number; unhealthy: string[] }> {
    await requestUntilHealthy(url);
    return { page: (await request(`${url}/`)).body, ...(await this.lookInside(name)) };
  }

  /** The same, without its page. */
  async lookInside(name: string): Promise<{ users: number; unhealthy: string[] }> {
    const users = await docker(
      ...[
        "exec",
        containerOf(this.prefix(name), "postgres"),
        "psql",
        "--no-psqlrc",
        "--tuples-only",
        "--no-align",
      ],
      ...["--username", "postgres", "--dbname", "dating", "--command", "select count(*) from users"],
    );
    const found = await services(this.prefix(name));
    return {
      users: Number(users),
      unhealthy: Object.keys(found).filter((service) => found[service]!.State.Health?.Status !== "healthy"),
    };
  }

  /**
   * Runs `./dating smoke` as where DNS leads the environments' names to this machine.
   *
   * @param trust PEM of what vouches for the certificate under which it is served. Default: nothing
   */
  smoke(name: string, trust = ""): { status: number | null; text: string } {
    const { directory, stackName } = this.project;
    const file = (name: string, text: string) => {
      writeFileSync(join(directory, ".bin", name), text);
      return join(directory, ".bin", name);
    };
    const names = file(
      "names.cjs",
      `const dns = require("node:dns");
const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(name.startsWith("${stackName}-") ? "127.0.0.1" : name, ...rest);
`,
    );
    const { status, stdout, stderr } = this.project.attempt("env", [
      ...[`NODE_OPTIONS=--require=${names}`, `NODE_EXTRA_CA_CERTS=${file("trusted.pem", trust)}`],
      ...["./dating", "smoke", this.stack(name)],
    ]);
    return { status, text: stdout + stderr };
  }

  /** What is left of an environment on the Docker host. */
  async remains(name: string): Promise<string[]> {
    const kinds = ["container", "network", "volume"] as const;
    return (await Promise.all(kinds.map((kind) => labelled(kind, this.prefix(name))))).flat();
  }

  discard(): void {
    this.removeAll();
    this.project.discard();
  }

  private removeAll(): void {
    this.names.forEach((name) => removeAll(this.prefix(name)));
  }
}
