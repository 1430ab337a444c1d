import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { projectName } from "../../config/project";
import { create } from "../../ops/environments/create";
import { stackOf, toMilliseconds } from "../../ops/environments/names";
import { environments, notDeployedSince, remove } from "../../ops/environments/stacks";
import { parseSecrets } from "../../ops/stack/secret-values";
import { OperatorError } from "../../ops/stack/errors";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, dryRun, fromCaller, json, printJson, quiet, yes, type CommonOptions } from "../command";

interface CreateOptions extends CommonOptions {
  like: string;
  domain?: string;
  behind?: string;
  markdown?: string;
  port?: string;
  seed?: string;
  secrets?: true;
}

const seeds = join(__dirname, "../../ops/environments/seed.sql");

async function make(name: string, options: CreateOptions): Promise<void> {
  const secrets = options.secrets ? parseSecrets(readFileSync(0, "utf8")) : new Map<string, string>();
  const stack = stackOf(name);
  const url = await changing(new Session(stack, options.like), () =>
    create(stack, { seed: seeds, ...options, secrets }),
  );
  if (options.markdown) writeFileSync(options.markdown, note(name, url));
  console.log(`\n${name} is stack ${stack}:  ${url}\nRemove it:  ./dating env remove ${name}`);
}

/** What is said of an environment below a pull request. Its password is not in it: everybody may read that. */
function note(name: string, url: string): string {
  return [
    `<!-- dating-environment ${name} -->`,
    `## Preview environment: ${url}`,
    "",
    "It has people in its database who do not exist, and a bot token of nobody unless it was given one. Where it asks for a name, that is",
    "`preview`; the team has the password. It is removed with the pull request, or when it was not deployed for a week.",
    "",
  ].join("\n");
}

function list(options: CommonOptions): void {
  const all = environments();
  if (options.json) return printJson(all);
  for (const { stack, deployed, resources } of all)
    console.log(`${stack}  deployed ${deployed?.toISOString() ?? "never"}  ${resources} resources`);
}

async function takeAway(
  names: string[],
  { olderThan, dryRun: dry }: CommonOptions & { olderThan?: string },
): Promise<void> {
  const all = environments();
  const limit = olderThan === undefined ? undefined : Date.now() - toMilliseconds(olderThan);
  const { old, undeployed } = notDeployedSince(all, limit);
  for (const { stack } of undeployed)
    console.log(
      `${stack} was never deployed, or is being made at the moment. Remove it: ./dating env remove ${stack}`,
    );
  const chosen = new Set([...names.map(stackOf), ...old.map(({ stack }) => stack)]);
  const unknown = [...chosen].filter((stack) => !all.some((other) => other.stack === stack));
  if (unknown.length > 0)
    throw new OperatorError(`no such environment: ${unknown.join(", ")} (./dating env list)`);
  if (names.length === 0 && olderThan === undefined)
    throw new OperatorError("name environments, or --older-than");
  for (const stack of chosen) {
    if (dry) console.log(`would remove ${stack}`);
    else {
      await changing(new Session(stack), () => remove(stack));
      console.log(`removed ${stack}`);
    }
  }
  if (chosen.size === 0) console.log("nothing to remove");
}

export const command = define(
  "env",
  "Preview environments: a stack for each pull request, with names, a port and a seeded database of its own.",
);
const creator = define("create", "Makes an environment, or brings it up to date with this checkout.", [
  "env create PR-123",
  "env create PR-123 --like staging --secrets <secrets.env",
  "env create PR-123 --like staging --behind staging",
])
  .argument("<name>", "for example PR-123: its stack is preview-pr-123")
  .option(
    "--like <stack>",
    "the stack whose configuration is copied, except names, addresses and secrets",
    "dev",
  )
  .option("--domain <host>", "host name of the environment (default: the one it has, or localhost)")
  .option(
    "--behind <stack>",
    `a stack on the same host, whose edge forwards requests to the environment (${projectName}:previewDomain)`,
  )
  .option("--port <port>", "port on the Docker host (default: the one it has, or one computed from its name)")
  .option("--markdown <file>", "also write a note with the link, as a comment for a pull request", fromCaller)
  .option("--seed <file>", "SQL that fills the database (default: invented people)", fromCaller)
  .option(
    "--secrets",
    "read secrets as lines from standard input: botToken=…, password=…, botSecrets.NAME=… (default: a made-up bot token)",
  )
  .addOption(quiet());
act(creator, make);
const lister = define("list", "Lists the environments, the oldest first.", [
  "env list",
  "env list --json",
]).addOption(json());
act(lister, list);
const remover = define("remove", "Removes environments with all of their data.", [
  "env remove PR-123",
  "env remove --older-than 3d --dry-run",
])
  .argument("[name...]")
  .option("--older-than <span>", "all whose last deploy is longer ago than this: 90m, 12h, 3d, 2w")
  .addOption(dryRun())
  .addOption(quiet())
  // Nothing is asked, as each can be made again; whoever says it to every command is understood all the same.
  .addOption(yes());
act(remover, takeAway);
for (const each of [creator, lister, remover]) command.addCommand(each);
