import { createRequire } from "node:module";

import { Command } from "commander";

/** The commands by what they are for, in the order in which the help lists them; each is the file `NAME.ts` here. */
export const groups: Record<string, Record<string, string>> = {
  "Deploy:": {
    init: "make a stack that is neither dev nor a preview, and say what is left to do",
    preview: "show what a deploy would change: risks first, then each service in words",
    up: "deploy a stack, and say where to look",
    promote: "give a stack the release that another one was deployed and tested with",
    rollback: "deploy the last good release again",
    env: "preview environments: a stack for each pull request",
  },
  "Look:": {
    status: "say what runs where, under which addresses, and what is not served",
    smoke: "ask whether every route is served by what was deployed",
    logs: "show the log of a service",
    exec: "run a command in the container of a service",
    grafana: "keep the tunnel to a stack's Grafana open",
    doctor: "look at the Docker host before a deploy, and say what speaks against it",
    drift: "compare what runs with what was deployed; --fix brings it back",
    graph: "draw a stack from the program itself",
    versions: "say whether every part still gets fixes",
  },
  "Data:": {
    backup: "make, list, copy, check and restore backups",
    alembic: "run Alembic on a stack's database",
    reindex: "deploy a Postgres that orders texts otherwise, with all indexes built anew",
    adopt: "take over the data of a deployment that was made with Docker Compose",
  },
  "Configuration:": {
    secrets: "set and list the secrets of a stack",
    images: "build, push and pin images, and remove old ones",
    state: "move a stack's state to another backend",
  },
  "On bad days:": {
    recover: "clear what a killed deploy has left, so that the next one goes through",
    down: "remove a stack's containers and networks; its data stays",
    purge: "remove a stack with all of its data",
  },
  "This command:": {
    completion: "print what completes ./dating in bash or zsh",
  },
};

/** Names of all commands. */
export const names = Object.values(groups).flatMap((group) => Object.keys(group));

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
      const made = whole ? (load(`./${name}`) as { command: Command }).command : new Command(name);
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
A stack is a deployment with a name, and its settings are in Pulumi.NAME.yaml: dev is for this machine, staging and prod are on
servers, and each preview environment is one. Begin here: ./dating up dev; on a server: ./dating init prod. What is done when
says docs/operations.md.

./dating COMMAND --help explains a command, with examples. What takes data or a service away asks first; --yes answers, --dry-run
tells without doing, --quiet prints results and problems only, --json prints for other programs.
Exit codes: 0 done, 1 failed, 2 found something (drift, newer images), 3 refused or not confirmed.`,
  );
  return dating;
}

/** A command and all that it has below it. */
export function below(given: Command): Command[] {
  return [given, ...given.commands.flatMap(below)];
}
