import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { keys } from "../../config/keys";
import { metaOf } from "../../config/keys/fields";
import { projectName } from "../../config/project";
import { projectRoot } from "../../images/content";
import { buildImages, imagesUsedBy } from "../images/builds";
import { pulumi } from "../pulumi";
import { missingSecrets, setSecret } from "../stack/secret-values";
import { OperatorError } from "../stack/errors";
import { StackFile } from "../stack/file";
import { keptAddress } from "./address";
import { frontFor, type Front } from "./front";
import { portOf, rangeOf } from "./names";
import { environments } from "./stacks";

/** What a person may choose of a preview environment. */
export interface EnvironmentOptions {
  /** The stack whose configuration it gets. */
  like: string;
  /** Host name under which it is served. Default: the one that it has, else `localhost`. */
  domain?: string;
  /** The stack on the same Docker host whose edge leads to it, under a name below that stack's `dating:previewDomain`. Default: none. */
  behind?: string;
  /** Port on the Docker host. Default: the one that it has, else one that follows from its name. */
  port?: string;
  /** Secrets by name. Default: a token of nobody, with which no real bot talks to Telegram. */
  secrets: Map<string, string>;
  /** SQL that fills the database; safe to be run again. */
  seed: string;
}

/**
 * What belongs to the one stack that has it: real names of volumes, and addresses. Monitoring, too: many environments
 * share a host, and nobody is to be woken by one.
 */
const notTaken = [
  ...["domain", "httpPort", "networkRange", "volumes", "webappUrl", "photoCdnUrl"],
  // An environment is served by HTTP, on a port of its own: no authority asks there, and nobody leads people to it.
  ...["aliases", "tls", "httpsPort", "tlsCertificate", "trustedProxies", "proxyProtocol"],
  ...["monitoring", "grafanaPort", "grafanaUrl", "alertChatId", "heartbeatUrl"],
  ...["previewDomain", "behind", "behindTls", "behindPort"],
];

/** Makes a preview environment, or brings it up to date. @returns the address where it is served */
export async function create(stack: string, options: EnvironmentOptions): Promise<string> {
  // Every wrong word is told before the first stack is made.
  const seed = readFileSync(options.seed, "utf8");
  const like = new StackFile(options.like);
  settingsOf(like);
  keptAddress(options, {}, undefined);
  const front =
    options.behind === undefined
      ? undefined
      : frontFor(stack, like, new StackFile(options.behind), options.domain);
  if (front && !options.secrets.has("password") && !hasPassword(stack))
    throw new OperatorError(
      "who has the link could come in: give it a password, which is asked for with the name `preview`\n" +
        `  echo "password=$(openssl rand -hex 12)" | ./dating env create ${stack} --like ${options.like} --behind ${options.behind} --secrets`,
    );
  const known = environments().find((other) => other.stack === stack);
  if (!known) pulumi(["stack", "init", stack, "--no-select"]);
  configure(stack, like, options, front ?? (known?.deployed ? servedAt(stack) : undefined));
  await buildImages(imagesUsedBy(stack));
  pulumi(["up", "--stack", stack, "--yes", "--skip-preview", "--policy-pack", "policy"]);
  seedDatabase(stack, like, seed);
  return output(stack, "url");
}

function hasPassword(stack: string): boolean {
  return (
    existsSync(join(projectRoot, `Pulumi.${stack}.yaml`)) &&
    new StackFile(stack).value("password") !== undefined
  );
}

/** Where an environment is served that was deployed; undefined where its deploy did not get so far. */
function servedAt(stack: string): string | undefined {
  const { status, stdout } = spawnSync("pulumi", ["stack", "output", "url", "--stack", stack], {
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : undefined;
}

function configure(
  stack: string,
  like: StackFile,
  options: EnvironmentOptions,
  from: Front | string | undefined,
): void {
  const path = join(projectRoot, `Pulumi.${stack}.yaml`);
  if (!existsSync(path)) writeFileSync(path, "config: {}\n");
  const file = new StackFile(stack);
  for (const [key, value] of settingsOf(like)) {
    if (value === undefined) file.remove(key);
    else file.set(value, key);
  }
  const front = typeof from === "object" ? from : undefined;
  const url = typeof from === "string" ? from : undefined;
  const kept = keptAddress(options, { domain: file.value("domain"), port: file.value("httpPort") }, url);
  file.set(front?.domain ?? kept.domain ?? "localhost", "domain");
  for (const [key, value] of Object.entries(front?.settings ?? {})) file.set(value, key);
  file.set(String(kept.port ?? portOf(stack, publishedByOthers(stack, like))), "httpPort");
  file.set(networkRange(stack, like), "networkRange");
  file.save();

  const secrets = new Map(options.secrets);
  if (!secrets.has("botToken") && new StackFile(stack).value("botToken") === undefined) {
    secrets.set("botToken", `000000000:${randomBytes(18).toString("hex")}`);
  }
  for (const [name, value] of secrets) setSecret(stack, name, value);
  for (const name of missingSecrets(like, new StackFile(stack)))
    console.log(
      `${stack} has no ${projectName}:${name}, and ${like.stack} has. Where the application needs one, give it another value:\n` +
        `  echo '${name}=…' | ./dating env create ${stack} --like ${like.stack} --secrets`,
    );
}

/**
 * What an environment takes of a stack's settings: none of its secrets, which it could not even decrypt.
 *
 * @returns each key with its value; without one where it is the default
 * @throws Error when a setting has an encrypted value, which is a secret in the wrong place
 */
export function settingsOf(like: StackFile): [key: string, value: unknown][] {
  const taken = Object.entries(keys.shape)
    .filter(([key, field]) => !metaOf(field).secret && !notTaken.includes(key))
    .map(([key]) => key);
  const wrong = taken.filter((key) => like.isSecret(key));
  if (wrong.length > 0)
    throw new Error(
      `Pulumi.${like.stack}.yaml has an encrypted value in ${wrong.map((key) => `${projectName}:${key}`).join(", ")}, which no other stack can ` +
        `read; what is to be done says: pulumi preview --stack ${like.stack}`,
    );
  return taken.map((key) => [key, like.value(key)]);
}

/** Ports of the Docker host that containers of other stacks publish. */
function publishedByOthers(stack: string, like: StackFile): Set<number> {
  const format = '{{.Label "dating.stack"}} {{.Ports}}';
  const lines = docker(like, ["container", "ls", "--format", format]).split("\n");
  const others = lines.filter((line) => !line.startsWith(`${projectName}-${stack} `));
  return new Set(others.flatMap((line) => [...line.matchAll(/:(\d+)->/g)].map(([, port]) => Number(port))));
}

/** The range that the environment's networks have already, or else a free one. */
function networkRange(stack: string, like: StackFile): string {
  const ids = docker(like, ["network", "ls", "--quiet"]).split("\n").filter(Boolean);
  const format = `{{index .Labels "dating.stack"}}{{range .IPAM.Config}} {{.Subnet}}{{end}}`;
  const networks = docker(like, ["network", "inspect", "--format", format, ...ids])
    .split("\n")
    .map((line) => line.split(" "))
    .map(([owner, ...subnets]) => ({ own: owner === `${projectName}-${stack}`, subnets }));
  const taken = (own: boolean) => networks.flatMap((network) => (network.own === own ? network.subnets : []));
  return rangeOf(stack, taken(false), taken(true));
}

function seedDatabase(stack: string, like: StackFile, seed: string): void {
  const database =
    (like.value("databaseName") as string | undefined) ?? keys.shape.databaseName.parse(undefined);
  const psql = ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction"];
  docker(
    like,
    [
      ...["exec", "--interactive", "--user", "postgres", output(stack, "databaseContainer"), ...psql],
      ...[
        "--username",
        "postgres",
        "--dbname",
        database,
        "--command",
        `SET ROLE "${database}"`,
        "--file",
        "-",
      ],
    ],
    seed,
  );
}

function docker(like: StackFile, args: string[], input?: string): string {
  const host = like.value("dockerHost");
  return execFileSync("docker", args, {
    encoding: "utf8",
    input,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...(typeof host === "string" && { DOCKER_HOST: host }) },
  });
}

function output(stack: string, name: string): string {
  return execFileSync("pulumi", ["stack", "output", name, "--stack", stack], { encoding: "utf8" }).trim();
}
