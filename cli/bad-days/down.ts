import { asksFirst } from "../../config/stack/kind";
import { confirm } from "../../ops/stack/confirm";
import { requireDeployed, Session } from "../../ops/stack/session";
import { takeDown } from "../../ops/stack/take-down";
import { changing } from "../change";
import { act, define, dryRun, quiet, yes, type CommonOptions } from "../command";

async function down(stack: string, options: CommonOptions): Promise<void> {
  const session = new Session(stack);
  requireDeployed(session);
  if (options.dryRun) return takeDown(stack, { dryRun: true });
  await changing(session, async () => {
    if (asksFirst(stack)) {
      if (!options.yes) console.log(`This ends stack ${stack} for everybody who uses it. Its data stays.`);
      await confirm(stack, options.yes);
    }
    takeDown(stack);
  });
}

export const command = define(
  "down",
  "Removes a stack's containers and networks. Its volumes and passwords stay, and the next deploy uses them again.",
  ["down dev", "down staging --dry-run", "down staging --yes"],
)
  .argument("<stack>")
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(command, down);
