import { PassThrough, type Readable } from "node:stream";

/** A container as the fake has it. */
interface Container {
  image: string;
  running: boolean;
  restart: string;
  volumes: string[];
  labels: Record<string, string>;
  environment: string[];
}

const data = "dating_postgres_data";
const prefix = "dating-prod";

/** The process that asked is gone: nothing that it would have done happens any more. */
export class Killed extends Error {}

/**
 * A Docker host with a deployment by Compose, and with the stack that adopts it, in memory. Whoever is killed at a step finds that
 * the step was done, and that no later one is. It knows the Docker commands and the SQL of an adoption, and refuses others.
 */
export class FakeCompose {
  containers = new Map<string, Container>();
  readonly volumes = new Map<string, Record<string, string>>([[data, {}]]);
  /** Superusers by true. */
  readonly roles = new Map([["dating", true]]);
  revision = "002";
  users = 500;
  /** Image of which the library last ordered the indexes. */
  ordered = "original";
  /** Two servers ran on the data at a time. */
  two = false;
  /** What changed something since {@link begin}. */
  changes: string[] = [];
  /** Somebody else does something after a change that begins so. */
  meanwhile: [after: string, action: () => void] | undefined;
  /** Name of the step of a deploy that fails. */
  failing: string | undefined;
  private steps = 0;
  private killAfter = Infinity;
  private silentAt = Infinity;
  private readonly resources = new Set<string>();

  constructor() {
    this.add("dating-db-1", {
      ...{ image: "original", restart: "unless-stopped", volumes: [data] },
      environment: ["POSTGRES_USER=dating", "POSTGRES_PASSWORD=old", "POSTGRES_DB=dating"],
    });
    this.add("dating-bot-1", { restart: "on-failure:3", environment: ["BOT_TOKEN=1:token"] });
    // Somebody has stopped it, and it is to stay so.
    this.add("dating-admin-1", { restart: "always", running: false });
    this.add("dating-bot-run-1", { running: false });
  }

  /** The stack's state, as far as it is looked at. */
  get state(): { type: string; inputs: { name: string } }[] {
    return [...this.resources].map((name) => ({
      type: name === data ? "docker:index/volume:Volume" : "docker:index/container:Container",
      inputs: { name },
    }));
  }

  /** The original's containers, as far as they may not change. */
  get original(): Record<string, string> {
    return Object.fromEntries(
      [...this.containers]
        .filter(([name]) => name.startsWith("dating-") && !name.startsWith("dating-prod"))
        .filter(([, { labels }]) => labels["com.docker.compose.project"])
        .map(([name, { running, restart }]) => [name, `${running ? "running" : "stopped"}, ${restart}`]),
    );
  }

  get stack(): string[] {
    return [...this.containers].filter(([, one]) => one.running && isOfStack(one)).map(([name]) => name);
  }

  /** Names of what is neither the original's nor the stack's; a server without the data, which is asked something only, is left out. */
  get others(): string[] {
    return [
      ...[...this.containers].flatMap(([name, { volumes }]) =>
        name.startsWith("dating-server") && volumes.length > 0 ? [name] : [],
      ),
      ...[...this.volumes.keys()].filter((name) => name !== data && !name.endsWith("backup_data")),
    ];
  }

  /**
   * A command begins.
   *
   * @param killAfter number of its step after which it is killed
   * @param silentAt number of its call of Docker that gets no answer
   */
  begin({ killAfter = Infinity, silentAt = Infinity } = {}): void {
    Object.assign(this, { steps: 0, killAfter, silentAt, changes: [], failing: undefined });
  }

  /** Steps of the last command. */
  get taken(): number {
    return this.steps;
  }

  /** A call of the Docker CLI. */
  text(args: string[], input = ""): Promise<string> {
    return new Promise((done) => done(this.step(() => this.docker(args, input))));
  }

  /** A container that ends with its standard input. */
  attach(args: string[], input: Readable): Readable {
    const output = new PassThrough();
    this.text(args).then(
      (name) => {
        const end = () => {
          this.containers.delete(name);
          output.end();
        };
        if (input.destroyed || input.readableEnded) return end();
        input.resume().once("end", end);
      },
      (error: Error) => output.destroy(error),
    );
    return output;
  }

  /** A deploy, in three steps. */
  deploy(): void {
    this.make("the volume", () => void this.resources.add(data));
    this.make("the server", () => {
      const server = `${prefix}-postgres`;
      this.resources.add(server);
      if (this.containers.has(server)) return;
      const labels = { "dating.stack": prefix, "dating.service": "postgres" };
      this.containers.set(server, container({ image: "ours", volumes: [data], labels }));
      this.guard(server);
    });
    this.make("the migration", () => (this.revision = "003"));
    this.make("the bot", () => {
      this.resources.add(`${prefix}-bot`);
      const labels = { "dating.stack": prefix, "dating.service": "bot" };
      this.containers.set(`${prefix}-bot`, container({ labels }));
    });
  }

  takeDown(): void {
    for (const name of [`${prefix}-bot`, `${prefix}-postgres`])
      this.make(`without ${name}`, () => {
        this.containers.delete(name);
        this.resources.delete(name);
      });
  }

  /** Alembic, in the network of a server. */
  downgrade(network: string, revision: string): void {
    this.make(`down to ${revision}`, () => {
      this.running(network.replace("container:", ""));
      this.volumes.set(`${prefix}_backup_data`, {});
      this.revision = revision;
    });
  }

  /** Something that is not Docker's. */
  make(what: string, action: () => void): void {
    this.step(() => {
      if (this.failing === what) throw new Error(`${what} failed`);
      this.changes.push(what);
      action();
    });
  }

  add(name: string, given: Partial<Container> = {}): void {
    const service = name.split("-")[1]!;
    const labels = { "com.docker.compose.project": "dating", "com.docker.compose.service": service };
    this.containers.set(name, container({ labels, ...given }));
  }

  private step<T>(action: () => T): T {
    if (this.steps >= this.killAfter) throw new Killed("killed");
    this.steps++;
    if (this.steps === this.silentAt) throw new Error("docker: error during connect: connection reset");
    const known = this.changes.length;
    const result = action();
    const [after, act] = this.meanwhile ?? [];
    if (after !== undefined && this.changes.slice(known).some((change) => change.startsWith(after))) act!();
    if (this.steps >= this.killAfter) throw new Killed("killed");
    return result;
  }

  private docker([command = "", ...words]: string[], input: string): string {
    const names = words.filter((word) => this.containers.has(word));
    const change = (action: (name: string) => void) => {
      this.changes.push([command, ...words].join(" "));
      names.forEach(action);
      return "";
    };
    switch (command) {
      case "ps":
        return this.list(words);
      case "inspect":
        return words[0] === "--format" ? inspectedTime(words[1]!) : this.inspect(words);
      case "volume":
        return this.volume(words);
      case "network":
        return words[0] === "ls" ? "net" : change(() => {});
      case "update":
        return change((name) => (this.containers.get(name)!.restart = words[1]!));
      case "stop":
      case "kill":
        return change((name) => (this.containers.get(name)!.running = false));
      case "start":
        return change((name) => {
          this.containers.get(name)!.running = true;
          this.guard(name);
        });
      case "rm":
        return change((name) => this.containers.delete(name));
      case "run":
        return this.run(words);
      case "exec":
        return this.exec(words, input);
      default:
        throw new Error(`docker ${command}: not known here`);
    }
  }

  private list(words: string[]): string {
    const filters = words.flatMap((word, place) => (words[place - 1] === "--filter" ? [word] : []));
    const found = [...this.containers].filter(
      ([, one]) =>
        (one.running || words.includes("--all")) &&
        filters.every((filter) => {
          const [kind, key = "", value] = filter.split("=");
          return kind === "volume" ? one.volumes.includes(key) : one.labels[key] === value;
        }),
    );
    const whole = words.some((word) => word.includes("{{.ID}}"));
    return found
      .map(([name, { labels }]) => (whole ? `${name} ${name} ${labels["dating.stack"] ?? ""}` : name))
      .join("\n");
  }

  private inspect(names: string[]): string {
    const inspected = names.map((name) => {
      const { image, running, restart, volumes, labels, environment } = this.containers.get(name)!;
      const [Name, most = "0"] = restart.split(":");
      return {
        ...{ Id: name, Name: `/${name}`, State: { Running: running } },
        HostConfig: { RestartPolicy: { Name, MaximumRetryCount: Number(most) } },
        Config: { Image: image, Env: environment, Labels: labels },
        Mounts: volumes.map((each) => ({ Type: "volume", Name: each })),
        NetworkSettings: { Networks: { dating_default: {} } },
      };
    });
    return JSON.stringify(inspected);
  }

  private volume([command, ...words]: string[]): string {
    const name = words.at(-1)!;
    if (command === "ls") return [...this.volumes.keys()].join("\n");
    if (command === "inspect") {
      const Labels = this.volumes.get(name);
      if (!Labels) throw new Error(`docker volume: exit code 1\n  Error: No such volume: ${name}`);
      return JSON.stringify([{ Name: name, Labels }]);
    }
    this.changes.push(`volume ${command} ${name}`);
    if (command === "rm") this.volumes.delete(name);
    else if (!this.volumes.has(name)) this.volumes.set(name, labelsIn(words));
    return name;
  }

  private run(words: string[]): string {
    const name = words[words.indexOf("--name") + 1]!;
    const volume = /source=([^,]+)/.exec(words.join(" "))?.[1];
    const image = words[words.findIndex((word) => word === "postgres" || word === "bash") - 1]!;
    this.changes.push(`run ${image} on ${volume ?? "nothing"}`);
    this.containers.set(
      name,
      container({ image, volumes: volume ? [volume] : [], labels: labelsIn(words), restart: "no" }),
    );
    this.guard(name);
    return name;
  }

  private exec(words: string[], input: string): string {
    const name = words.find((word) => this.containers.has(word))!;
    const { image, volumes } = this.running(name);
    if (!words.includes("psql")) return "";
    const user = words[words.indexOf("--username") + 1]!;
    // A server of its own has the superuser that it was made with.
    if (volumes.length > 0 && !this.roles.has(user))
      throw new Error(`docker exec: exit code 2\n  FATAL: role "${user}" does not exist`);
    const set = (key: string) => words.find((word) => word.startsWith(`${key}=`))!.slice(key.length + 1);
    return this.sql(input, { image, user, set });
  }

  private sql(
    statements: string,
    { image, user, set }: { image: string; user: string; set: (key: string) => string },
  ): string {
    const change = (what: string, action: () => void) => {
      this.changes.push(what);
      action();
      return "";
    };
    const rules: [RegExp, () => string][] = [
      [/SELECT rolsuper/, () => (this.roles.get(user) ? "t" : "f")],
      [/CREATE ROLE dating_adoption/, () => change("helper", () => this.roles.set("dating_adoption", true))],
      [
        /RENAME TO postgres/,
        () =>
          change("rename", () => {
            if (!this.roles.delete(set("name"))) throw new Error("there is no such role");
            this.roles.set("postgres", true);
          }),
      ],
      [/DROP ROLE IF EXISTS dating_adoption/, () => change("", () => this.roles.delete("dating_adoption"))],
      [/dating\.provision-role/, () => change("take over", () => this.roles.set("dating", false))],
      [/'CREATE ROLE %I', :'user'/, () => change("give back", () => this.roles.set(set("user"), true))],
      [/REINDEX DATABASE/, () => change("reindex", () => (this.ordered = image))],
      [/SELECT version_num FROM alembic_version/, () => this.revision],
      [/datcollate/, () => `150014|en_US.utf8|${image}\nABC`],
      [/SHOW server_version_num/, () => "150014"],
      [/CREATE DATABASE probe/, () => ""],
      [/pg_database_size/, () => "1000"],
      [/\\gexec\s*$/, () => `public.users|${this.users}|digest`],
    ];
    const [, answer] = rules.find(([pattern]) => pattern.test(statements)) ?? [];
    if (!answer) throw new Error(`not known here: ${statements}`);
    return answer();
  }

  private running(name: string): Container {
    const found = this.containers.get(name);
    if (!found?.running) throw new Error(`docker exec: exit code 1\n  ${name} is not running`);
    return found;
  }

  /** Notes it where two run on the data now. */
  private guard(name: string): void {
    const servers = [...this.containers.values()].filter(
      ({ running, volumes }) => running && volumes.includes(data),
    );
    if (this.containers.get(name)!.volumes.includes(data) && servers.length > 1) this.two = true;
  }
}

const isOfStack = ({ labels }: Container) => labels["dating.stack"] === prefix;

const container = (given: Partial<Container>): Container => ({
  ...{ image: "some", running: true, restart: "no", volumes: [], labels: {}, environment: [], ...given },
});

function labelsIn(words: string[]): Record<string, string> {
  const labels = words.flatMap((word, place) => (words[place - 1] === "--label" ? [word] : []));
  return Object.fromEntries(labels.map((label) => label.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

/** The original's bot ended 12 s before the stack's was healthy. */
const inspectedTime = (format: string) =>
  format.includes("Health") ? '0 "2026-11-20T10:00:12Z"' : "2026-11-20T10:00:00Z";
