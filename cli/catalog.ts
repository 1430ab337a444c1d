import { createRequire } from "node:module";

import { Command } from "commander";

/** The commands by what they are for, in the order in which the help lists them; each is the file `NAME.ts` here. */
export const groups: Record<string, Record<string, string>> = {
  "Deploy:": {
    init: "make a new stack, such as prod, and say what is left to do",
    preview: "show what a deploy would change: risks first, then each service in words",
    up: "deploy a stack, and print its addresses",
    promote: "give one stack the release that was tested on another",
    rollback: "deploy the last good release again",
    env: "preview environments: a stack for each pull request",
  },
  "Look:": {
    status: "say what runs where, its addresses, and what is not served",
    smoke: "check that every route is served by the deployed release",
    logs: "show the log of a service",
    exec: "run a command in the container of a service",
    grafana: "open a tunnel to a stack's Grafana",
    doctor: "check a stack's Docker host, and say what would stop a deploy",
    drift: "compare what runs with what was deployed; --fix brings it back",
    graph: "draw a stack: services, networks, volumes, ports",
    versions: "say whether every part still gets fixes",
  },
  "Data:": {
    backup: "make, list, copy, check and restore backups",
    alembic: "run Alembic on a stack's database",
    reindex: "deploy a Postgres that sorts text differently, and rebuild all indexes",
    adopt: "take over the data of a deployment that was made with Docker Compose",
  },
  "Configuration:": {
    secrets: "set and list the secrets of a stack",
    images: "build, push and pin images, and remove old ones",
    state: "move a stack's state to another backend",
  },
  "On bad days:": {
    recover: "clear what a killed deploy has left behind, so that the next one goes through",
    down: "remove a stack's containers and networks; its data stays",
    purge: "remove a stack with all of its data",
  },
  "This command:": {
    completion: "print the completion script of ./dating for bash or zsh",
  },
};

/** Names of all commands. */
export const names = Object.values(groups).flatMap((group) => Object.keys(group));

/** Where the commands of a group are, in this folder. */
const folders: Record<string, string> = {
  "Deploy:": "deploy/",
  "Look:": "look/",
  "Data:": "data/",
  "Configuration:": "configuration/",
  "On bad days:": "bad-days/",
};

/** The file of a command, from this folder on. */
export const fileOf = (group: string, name: string) => `${folders[group] ?? ""}${name}`;

// By require(), which tsx knows how to do for TypeScript; import() would pass it by.
const load = createRequire(__filename);

/**
 * The tree of all commands.
 *
 * @param wanted the command whose options are needed: the others are known by name only, as loading all takes a second.
 *   Default: all are loaded
 */
export function program(wanted?: string): Command {
  const dating = new Command("./dating")
    .description("Deploys and looks after the Dating Mini App on Docker.")
    .usage("COMMAND …")
    // A command's own options come after its name, and Alembic's after that.
    .enablePositionalOptions();
  for (const [group, commands] of Object.entries(groups)) {
    for (const [name, summary] of Object.entries(commands)) {
      const whole = wanted === undefined || wanted === name;
      const made = whole
        ? (load(`./${fileOf(group, name)}`) as { command: Command }).command
        : new Command(name);
      if (made.commands.length > 0)
        made.addHelpText("after", `\n./dating ${name} COMMAND --help explains one, with examples.`);
      dating.addCommand(made.summary(summary).helpGroup(group));
    }
  }
  dating.addHelpCommand(
    new Command("help").argument("[command]").summary("explain a command").helpGroup("This command:"),
  );
  dating.addHelpText(
    "after",
    `
A stack is a deployment with a name; its settings are in Pulumi.NAME.yaml. dev runs on this machine, staging and prod run on
servers, and each preview environment is a stack of its own. Begin with ./dating up dev; for a server, with ./dating init prod.
docs/operations.md says which command to use when.

./dating COMMAND --help explains a command, with examples. Commands that take data or a service away ask first. --yes skips the
question, --dry-run says what would be done, --quiet prints results and problems only, --json prints the result as JSON.
Exit codes: 0 done, 1 failed, 2 found something (drift, newer images), 3 refused or not confirmed.`,
  );
  return dating;
}

/** A command and all that it has below it. */
export function below(given: Command): Command[] {
  return [given, ...given.commands.flatMap(below)];
}
