import type * as command from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { dataFolder, memorySettings, type PostgresSettings } from "../config/postgres-settings";
import type { Amount } from "../config/units";
import type { StackContext } from "./context";
import { archiving } from "./database/archiving";
import { loginName, openToApplication } from "./database/opening";
import { Workload } from "./workload";

export interface DatabaseArgs {
  context: StackContext;
  /** Image with the contract of the official `postgres`. */
  image: string;
  /** Server settings, where they differ from Postgres's own and from those that follow from the memory limit. */
  settings: PostgresSettings;
  /** Extensions that the superuser makes in the application's database. */
  extensions: string[];
  /** Name of the application's database and of the role that owns it. */
  name: string;
  /** Raising it makes another login of the role, with a new password, and takes the former one away. */
  passwordVersion: number;
  /** The password of an adopted database, which the first version is. @default a generated one */
  firstPassword?: pulumi.Output<string>;
  volume: docker.Volume;
  network: docker.Network;
  /** How much of the write-ahead log may wait for the continuous backups. @default there are none */
  walLimit?: Amount;
}

/** How the application reaches its database. */
export interface DatabaseConnection {
  host: string;
  name: string;
  user: string;
  password: pulumi.Output<string>;
}

const alias = "db";
const superuser = "postgres";

/** Postgres with its data volume, and the application's role, which owns its database and is no superuser. */
export class Database extends pulumi.ComponentResource {
  readonly connection: DatabaseConnection;
  readonly service: Workload;
  readonly volume: docker.Volume;
  /** With which the passwords of all roles are made anew. */
  readonly passwordVersion: number;
  /** Who logs in over the container's local socket. */
  readonly superuser = superuser;
  /** What depends on this finds the database up, and can log in until it is deleted itself. */
  readonly ready: command.local.Command;

  constructor(name: string, args: DatabaseArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Database", name, {}, opts);
    const password = createPassword(this, name, args.passwordVersion);
    const superuserPassword = createPassword(this, `${name}-superuser`, 1);
    this.service = createServer(this, args, superuserPassword);
    this.volume = args.volume;
    this.passwordVersion = args.passwordVersion;
    const first = args.passwordVersion === 1 ? args.firstPassword : undefined;
    this.connection = {
      ...{ host: alias, name: args.name, user: loginName(args.name, args.passwordVersion) },
      password: first ?? password.result,
    };
    this.ready = openToApplication(this, name, {
      ...args,
      connection: this.connection,
      superuser,
      server: this.service,
    });
    this.registerOutputs();
  }
}

/** Letters and digits only, so that the password fits into a URL as it is. 32 of 62 kinds are 190 bits. */
function createPassword(parent: Database, name: string, version: number): random.RandomPassword {
  return new random.RandomPassword(
    `${name}-password`,
    { length: 32, special: false, keepers: { version: String(version) } },
    // Not protected, as a new version replaces it; the new one is there before the old one goes.
    { parent, deleteBeforeReplace: false },
  );
}

function createServer(parent: Database, args: DatabaseArgs, password: random.RandomPassword): Workload {
  const passwordFile = "/run/secrets/postgres_password";
  const memory = args.context.memory("postgres");
  const archive = args.walLimit && archiving(args.walLimit);
  const settings = { ...memorySettings(memory), ...args.settings, ...archive?.settings };
  return new Workload(
    "postgres",
    {
      context: args.context,
      service: "postgres",
      image: args.image,
      command: ["postgres", ...settingOptions(settings)],
      // But for the folder, read once, when the volume is empty. The superuser logs in over the local socket and not over the
      // network.
      environment: {
        PGDATA: dataFolder,
        POSTGRES_USER: superuser,
        POSTGRES_DB: superuser,
        POSTGRES_INITDB_ARGS: "--data-checksums",
        POSTGRES_PASSWORD_FILE: passwordFile,
      },
      files: [{ path: passwordFile, content: password.result }, ...(archive?.files ?? [])],
      volumes: [{ volume: args.volume, path: dataFolder }],
      networks: [{ network: args.network, aliases: [alias] }],
      // Over TCP: while the image initialises the volume, the server listens on the local socket only.
      health: {
        command: `pg_isready --quiet --host 127.0.0.1 --username ${superuser}`,
        startPeriod: "1 minute",
      },
      memory,
      // What parallel workers share counts as the container's memory, whose limit is the one that holds. Docker's 64 MiB are too
      // little for VACUUM of a table of some hundred MB.
      sharedMemory: memory,
      // A checkpoint of a busy database takes longer than Docker's 10 seconds.
      stopTimeout: "1 minute",
      // The image's entry point starts as root, hands the volume to the user postgres and becomes it.
      capabilities: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID"],
      filesystem: { writableBecause: "the password arrives as a file" },
      rollout: "stop-first",
    },
    { parent },
  );
}

function settingOptions(settings: PostgresSettings): string[] {
  return Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
