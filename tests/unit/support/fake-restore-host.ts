import { Readable } from "node:stream";

import { knownRevisions } from "../../../images/revisions";
import { DockerCli } from "../../../ops/backups/docker";
import type { Target } from "../../../ops/backups/target";

/** What goes wrong on the host, each at the call of Docker with a number, from 1 on. */
export interface Accidents {
  /** Docker has done what it was told, and then the command is killed: nothing that it wants to do afterwards is done. */
  killedAfter?: number;
  /** Docker does not do it, and says so. */
  failsAt?: number;
  /** From then on Docker does nothing. */
  failsFrom?: number;
  /** Docker does it, and cannot say so. */
  unheardAt?: number;
  /** The command gets a signal while Docker does it. */
  signalAt?: number;
  /** The host loses its power when so many volumes have changed places, and is on again when the next command comes. */
  powerCutAfterVolume?: number;
}

/** A volume, or a database: what is in it is one word. */
interface Store {
  inUse: string;
  sets: { name: string; word: string; about?: string }[];
}

/**
 * A Docker host with one stack, whose volumes and databases have a word for their content. What the scripts for volumes do, it
 * does by itself.
 */
export class FakeRestoreHost extends DockerCli {
  readonly volumes: Record<string, Store> = {};
  readonly databases: Record<string, { word: string; about?: string }> = { dating: { word: "present" } };
  /** The names of the running services, each with its volume. */
  readonly services: Record<string, { running: boolean; volume: string }> = {
    bot: { running: true, volume: "photo_storage" },
    edge: { running: true, volume: "traefik_certs" },
    postgres: { running: true, volume: "postgres_data" },
  };
  /** What was done so far, in short. */
  readonly calls: string[] = [];
  /** Whether the command was killed. */
  dead = false;
  /** Whether anybody listened to the signal. */
  heard = false;
  accidents: Accidents = {};
  /** Containers that change volumes, of a command that has ended. */
  helpers: { id: string; state: string; step: string }[] = [];
  /** The arguments of the container that marks an exchange as begun. */
  mark?: string;

  constructor() {
    super({});
    for (const { volume } of Object.values(this.services))
      this.volumes[volume] = { inUse: "present", sets: [] };
  }

  override get undisturbed(): DockerCli {
    return this;
  }

  override endedBy(aborted: AbortSignal): DockerCli {
    return new Abortable(this, aborted);
  }

  /** The command is run anew, after it was killed. */
  revive(): void {
    this.dead = false;
    this.calls.length = 0;
    this.accidents = {};
  }

  /** The stack that runs on it. */
  get target(): Target {
    const running = () => this.services.postgres!.running;
    return {
      stack: "prod",
      prefix: "dating-prod",
      docker: this,
      database: {
        get container() {
          if (!running()) throw new Error("No Postgres of stack prod runs.");
          return "postgres";
        },
        name: "dating",
        superuser: "postgres",
      },
      reader: { host: "postgres", user: "dating_backup", password: "x", network: "internal" },
      migration: { environment: {}, password: "x" },
      roles: [],
      images: { postgres: "postgres", backup: "backup" },
      volumes: Object.fromEntries(
        ["photo_storage", "traefik_certs", "postgres_data"].map((name) => [name, `prod-${name}`]),
      ),
    };
  }

  override read(args: string[], input: string | Readable = ""): Readable {
    return Readable.from(this.answer(args, input), { objectMode: false });
  }

  private async *answer(args: string[], input: string | Readable) {
    const text = typeof input === "string" ? input : await textOf(input);
    if (this.dead) throw new Error("killed");
    const number = this.calls.push(shortOf(args));
    const { killedAfter, failsAt, failsFrom = Infinity, unheardAt, signalAt } = this.accidents;
    const silent = () => new Error("error during connect: connection reset by peer");
    if (number === failsAt || number >= failsFrom) throw silent();
    if (number === signalAt) {
      const listeners = process.listeners("SIGTERM") as ((signal: string) => void)[];
      this.heard = listeners.length > 0;
      listeners.forEach((listener) => listener("SIGTERM"));
    }
    const answer = this.do(args, text);
    if (number === killedAfter) this.dead = true;
    if (this.dead) throw new Error("killed");
    if (number === unheardAt) throw silent();
    yield Buffer.from(answer);
  }

  private do(args: string[], input: string): string {
    switch (args[0]) {
      case "volume":
        return Object.keys(this.volumes)
          .map((name) => `prod-${name}`)
          .join("\n");
      case "run":
        return this.run(args, input);
      case "exec":
        return this.exec(args, input);
      case "ps":
        return this.list(args.join(" "), args[args.indexOf("--format") + 1]!);
      case "create":
        if (this.mark) throw new Error("Conflict. The container name is already in use");
        this.mark = args.join("\n");
        return "marked";
      case "rm":
        this.helpers = this.helpers.filter(({ id }) => id !== args[2]);
        if (args[2] === "dating-prod-restore") this.mark = undefined;
        return "";
      case "wait":
        this.helpers = this.helpers.filter(({ id }) => id !== args[1]);
        throw new Error(`Error response from daemon: No such container: ${args[1]}`);
      case "stop":
      case "start":
        for (const name of args.slice(1)) this.services[name]!.running = args[0] === "start";
        return "";
      default:
        throw new Error(`no such command: ${args.join(" ")}`);
    }
  }

  private list(args: string, format: string): string {
    if (args.includes("dating.restore.helper"))
      return this.helpers.map(({ id, state, step }) => `${id} ${state} ${step}`).join("\n");
    if (args.includes("label=dating.restore=")) {
      const label = (name: string) =>
        new RegExp(`^dating\\.restore\\.${name}=(.*)$`, "m").exec(this.mark!)![1];
      return this.mark ? `${label("plan")}\t${label("services")}` : "";
    }
    const [, volume] = /volume=prod-(\S+)/.exec(args) ?? [];
    return Object.keys(this.services)
      .filter((name) => !volume || (this.services[name]!.running && this.services[name]!.volume === volume))
      .map((name) =>
        format
          .replace("{{.ID}}", `id-of-${name}`)
          .replace("{{.Names}}", name)
          .replace('{{.Label "dating.stack"}}', "dating-prod"),
      )
      .join("\n");
  }

  /** What the script for volumes does. */
  private run(args: string[], input: string): string {
    const mounted = args.flatMap((each) => /target=\/volumes\/([^,]+)/.exec(each)?.[1] ?? []);
    const words = args.slice(args.indexOf("-c") + 3);
    const stores = mounted.map((name) => [name, this.volumes[name]!] as const);
    switch (words[0]) {
      case "look":
        return stores
          .flatMap(([name, { sets }]) => [
            `space ${name} 1 1000000 4096 1000 1000`,
            ...sets.map((set) => `set ${name} ${set.name} ${set.about ?? ""}`),
          ])
          .join("\n");
      case "unpack":
        this.volumes[words[1]!]!.sets.push({ name: words[3]!, word: input });
        return "";
      case "exchange":
        stores.forEach(([name, store], count) => {
          if (count === this.accidents.powerCutAfterVolume) this.dead = true;
          if (Object.values(this.services).some(({ running, volume }) => running && volume === name))
            throw new Error(`what is in ${name} is moved away from under its service`);
          if (!this.dead) exchange(store, words[1]!, words[2]!, words[3]!);
        });
        return "";
      case "remove":
        for (const [, store] of stores)
          store.sets = store.sets.filter(({ name }) => !/^(part|new-)/.test(name) && !words.includes(name));
        return "";
      case "size":
        return "1000";
      default:
        // Measures what is packed.
        return "5 20000";
    }
  }

  private exec(args: string[], text: string): string {
    if (!this.services.postgres!.running) throw new Error("is not running");
    const value = (option: string) => args[args.indexOf(option) + 1]!;
    if (args.includes("pg_restore")) {
      this.databases[value("--dbname")] = { word: text };
      return "";
    }
    const set = args.filter((_, place) => args[place - 1] === "--set").map((each) => each.split(/=(.*)/s));
    const { current, fresh, kept, about, name, like } = Object.fromEntries(set) as Record<string, string>;
    if (text.includes("RENAME TO")) {
      if (!this.databases[fresh!]) throw new Error(`database "${fresh}" does not exist`);
      this.databases[kept!] = { word: this.databases[current!]!.word, about };
      this.databases[current!] = { word: this.databases[fresh!]!.word };
      delete this.databases[fresh!];
    } else if (text.includes("DROP DATABASE")) {
      delete this.databases[name!];
    } else if (like) {
      if (this.databases[name!]) throw new Error(`database "${name}" already exists`);
      this.databases[name!] = { word: "" };
    } else if (text.includes("pg_database_size")) {
      return Object.entries(this.databases)
        .filter(([each]) => each.startsWith("dating_"))
        .map(
          ([each, database]) =>
            `${/_before_(\d{14})$/.exec(each)?.[1] ?? "part"}|1000|${database.about ?? ""}`,
        )
        .join("\n");
    } else if (text.includes("tables")) return `public.users|1|${this.databases[value("--dbname")]!.word}`;
    else if (text.includes("alembic_version")) return knownRevisions()[0]!;
    else if (text.includes("server_version_num")) return "170002";
    else if (text.includes("pg_roles")) return "postgres";
    return "";
  }
}

/** The same host, whose commands end when something is aborted. */
class Abortable extends DockerCli {
  constructor(
    private readonly host: FakeRestoreHost,
    private readonly aborted: AbortSignal,
  ) {
    super({});
  }

  override read(args: string[], input: string | Readable = ""): Readable {
    return Readable.from(this.answer(args, input), { objectMode: false });
  }

  private async *answer(args: string[], input: string | Readable) {
    this.aborted.throwIfAborted();
    for await (const chunk of this.host.read(args, input)) yield chunk as Buffer;
    this.aborted.throwIfAborted();
  }
}

function exchange(store: Store, about: string, id: string, coming: string): void {
  if (store.sets.some(({ name }) => name === id)) return;
  const comes = store.sets.find(({ name }) => name === coming);
  if (!comes) throw new Error(`has no ${coming} to put in place`);
  store.sets = [...store.sets.filter((set) => set !== comes), { name: id, word: store.inUse, about }];
  store.inUse = comes.word;
}

/** A call in two words. */
function shortOf(args: string[]): string {
  if (args[0] === "run") return `run ${args[args.indexOf("-c") + 3] ?? "measure"}`;
  return args[0] === "exec"
    ? `exec ${args.find((word) => ["psql", "pg_restore"].includes(word))}`
    : args.join(" ");
}

async function textOf(input: Readable): Promise<string> {
  let text = "";
  for await (const chunk of input) text += String(chunk);
  return text;
}
