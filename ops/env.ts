import { readFileSync } from "node:fs";
import { join } from "node:path";

import { program } from "commander";

import { create } from "./environments/create";
import { stackOf, toMilliseconds } from "./environments/names";
import { environments, notDeployedSince, remove } from "./environments/stacks";
import { parseSecrets } from "./secret-values";

program
  .name("ops/env")
  .description(
    "Preview environments: a stack for each pull request, with names, a port and a seeded database of its own.",
  );

program
  .command("create")
  .description("makes an environment, or brings it up to date with this checkout")
  .argument("<name>", "for example PR-123: its stack is preview-pr-123")
  .option(
    "--like <stack>",
    "the stack whose configuration it gets, but for names, addresses and secrets",
    "dev",
  )
  .option("--domain <host>", "host name under which it is served (default: the one it has, or localhost)")
  .option(
    "--port <port>",
    "port on the Docker host (default: the one it has, or one that follows from the name)",
  )
  .option("--seed <file>", "SQL that fills the database", join(__dirname, "environments/seed.sql"))
  .option(
    "--secrets",
    "read secrets as lines NAME=VALUE from standard input (default: a bot token of nobody)",
  )
  .action(
    (
      name: string,
      options: { like: string; domain?: string; port?: string; seed: string; secrets?: true },
    ) => {
      const secrets = options.secrets ? parseSecrets(readFileSync(0, "utf8")) : new Map<string, string>();
      const stack = stackOf(name);
      const url = create(stack, { ...options, secrets });
      console.log(`\n${name} is stack ${stack}:  ${url}\nRemove it:  ops/env remove ${name}`);
    },
  );

program
  .command("list")
  .description("lists the environments, the oldest first")
  .action(() => {
    for (const { stack, deployed, resources } of environments()) {
      console.log(`${stack}  deployed ${deployed?.toISOString() ?? "never"}  ${resources} resources`);
    }
  });

program
  .command("remove")
  .description("removes environments with all of their data")
  .argument("[name...]")
  .option("--older-than <span>", "all that were not deployed for that long: 90m, 12h, 3d, 2w")
  .action((names: string[], { olderThan }: { olderThan?: string }) => {
    const all = environments();
    const limit = olderThan === undefined ? undefined : Date.now() - toMilliseconds(olderThan);
    const { old, undeployed } = notDeployedSince(all, limit);
    for (const { stack } of undeployed)
      console.log(
        `${stack} was never deployed, or is being made at the moment. Remove it: ops/env remove ${stack}`,
      );
    const chosen = new Set([...names.map(stackOf), ...old.map(({ stack }) => stack)]);
    const unknown = [...chosen].filter((stack) => !all.some((other) => other.stack === stack));
    if (unknown.length > 0) throw new Error(`no such environment: ${unknown.join(", ")} (ops/env list)`);
    if (names.length === 0 && olderThan === undefined) throw new Error("name environments, or --older-than");
    for (const stack of chosen) {
      remove(stack);
      console.log(`removed ${stack}`);
    }
    if (chosen.size === 0) console.log("nothing to remove");
  });

try {
  program.parse();
} catch (error) {
  console.error(`ops/env: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
