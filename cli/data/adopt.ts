import { asksFirst } from "../../config/stack/kind";
import { adopt } from "../../ops/adoption/adopt";
import { removeOriginal, takeBack } from "../../ops/adoption/end";
import { StackFile } from "../../ops/stack/file";
import { confirm } from "../../ops/stack/confirm";
import { requireDeployed, Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, archivesToOwn, define, dryRun, quiet, yes as yesOption, type CommonOptions } from "../command";

interface Options extends CommonOptions {
  project: string;
  backup: string;
}

async function start(stack: string, options: Options): Promise<void> {
  // What is found is written into the stack's file: where it has none, nothing is asked.
  void new StackFile(stack);
  const session = new Session(stack);
  requireDeployed(session);
  const { project, backup, yes } = options;
  const dry = options.dryRun ?? false;
  const take = () => adopt(session, { project, backup, dryRun: dry, approve: () => confirm(stack, yes) });
  const away = dry ? await take() : await changing(session, take);
  if (away === undefined) return;
  console.log(
    [
      `Adopted. The application was away for ${away.toFixed(1)} s.`,
      `  The containers of ${project} are stopped and kept. Nobody may start them beside the stack: remove docker-compose.yml`,
      "  and .env from the server, which nothing needs any more.",
      `  Way back, with all rows:  ./dating adopt back ${stack}`,
      `  When all is well:         ./dating adopt finish ${stack}`,
    ].join("\n"),
  );
}

async function back(stack: string, { project, yes }: Options): Promise<void> {
  const session = new Session(stack);
  await changing(session, () => takeBack(session, { project, approve: () => confirm(stack, yes) }));
  console.log(`${project} runs again.`);
}

async function finish(stack: string, { project, yes }: Options): Promise<void> {
  const session = new Session(stack);
  const approve = async () => {
    if (asksFirst(stack)) await confirm(stack, yes);
  };
  await changing(session, () => removeOriginal(session, { project, approve }));
  console.log(`The containers and networks of ${project} are removed; its volumes are the stack's.`);
}

const project = ["--project <name>", "the Compose project", "dating"] as const;
export const command = define(
  "adopt",
  "Takes over the data and settings of a deployment that was made with Docker Compose (the original).",
);
const starter = define(
  "start",
  "Stops the original, deploys the stack on the original's volumes, and compares all rows.\n" +
    "If it was interrupted, it goes on from there.",
  ["adopt start prod --dry-run", "adopt start prod"],
)
  .argument("<stack>", "a stack that has a configuration file and is not deployed yet")
  .option(...project)
  .addOption(archivesToOwn("--backup <place>", "where the database is dumped first"))
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yesOption());
act(starter, start);
const returner = define("back", "Takes the stack down and starts the original again, on the same data.", [
  "adopt back prod",
])
  .argument("<stack>")
  .option(...project)
  .addOption(quiet())
  .addOption(yesOption());
act(returner, back);
const finisher = define(
  "finish",
  "Removes the original's containers and networks. After that there is no way back to it.",
  ["adopt finish prod"],
)
  .argument("<stack>")
  .option(...project)
  .addOption(quiet())
  .addOption(yesOption());
act(finisher, finish);
for (const each of [starter, returner, finisher]) command.addCommand(each);
