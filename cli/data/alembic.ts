import { spawnSync } from "node:child_process";

import { asksFirst } from "../../config/stack/kind";
import { guarded } from "../../ops/guarded";
import { confirm } from "../../ops/stack/confirm";
import { OperatorError } from "../../ops/stack/errors";
import { requireDeployed, Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, quiet, yes, type CommonOptions } from "../command";

/** Alembic's commands that only look. */
const looking = ["branches", "check", "current", "heads", "history", "show"];

async function alembic(stack: string, words: string[], options: CommonOptions): Promise<number> {
  const session = new Session(stack);
  requireDeployed(session);
  // The deployed migration knows the image, the network and the database; only Alembic's own arguments differ.
  const migration = session.resources.find(({ urn }) => urn.endsWith("::migrations-upgrade"));
  if (!migration)
    throw new OperatorError(`stack ${stack} has no database yet; deploy it: ./dating up ${stack}`);
  const run = () =>
    spawnSync(process.execPath, guarded("hooks/alembic.sh", ...words), {
      input: String(migration.inputs.stdin),
      env: { ...process.env, ...(migration.inputs.environment as Record<string, string>) },
      stdio: ["pipe", "inherit", "inherit"],
    }).status ?? 1;
  if (looking.includes(words[0]!)) return run();
  return changing(session, async () => {
    if (words[0] === "downgrade" && asksFirst(stack)) {
      if (!options.yes) console.log("A downgrade drops what the later revisions have added, with its data.");
      await confirm(stack, options.yes);
    }
    return run();
  });
}

export const command = define(
  "alembic",
  "Runs Alembic on a stack's database, with the revisions of this checkout.\n" +
    "--yes and --quiet come before the stack's name; what comes after it is passed to Alembic.",
  ["alembic prod current", "alembic prod history", "alembic --yes prod downgrade -1"],
)
  .argument("<stack>")
  .argument("<command...>", "a command of Alembic: current | history | upgrade head | downgrade -1 | …")
  // Alembic's options are Alembic's, as the -1 of a downgrade.
  .passThroughOptions()
  .allowUnknownOption()
  .addOption(quiet())
  .addOption(yes());
act(command, alembic);
