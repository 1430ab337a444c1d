import { removeWithData, volumesOf } from "../../ops/stack/remove";
import { confirm } from "../../ops/stack/confirm";
import { requireDeployed, Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, dryRun, quiet, yes, type CommonOptions } from "../command";

async function purge(stack: string, options: CommonOptions): Promise<void> {
  const session = new Session(stack);
  requireDeployed(session);
  if (options.dryRun) return tell(session);
  await changing(session, async () => {
    tell(session);
    await confirm(stack, options.yes);
    removeWithData(stack, session.resources);
  });
}

function tell({ stack, resources }: Session): void {
  const parts = [
    `stack ${stack} with its passwords`,
    ...volumesOf(resources).map((name) => `volume ${name}`),
  ];
  console.log(["This deletes for good, with all data in them:", ...parts].join("\n  "));
}

export const command = define("purge", "Removes a stack with its volumes and passwords, after asking.", [
  "purge dev",
  "purge staging --dry-run",
])
  .argument("<stack>")
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(command, purge);
