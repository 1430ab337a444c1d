import { asksFirst } from "../../config/stack/kind";
import { holderInWords } from "../../host/marks/holder";
import { recover } from "../../ops/recovery/recover";
import { confirm } from "../../ops/stack/confirm";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, quiet, yes, type CommonOptions } from "../command";

interface Options extends CommonOptions {
  force?: true;
}

async function run(stack: string, options: Options): Promise<void> {
  const session = new Session(stack);
  await changing(
    session,
    () =>
      recover(session, {
        force: options.force ?? false,
        mayRemove: async (names) => {
          if (!asksFirst(stack)) return;
          console.log(
            ["No deploy of this state knows these, and they are to be removed:", ...names].join("\n  "),
          );
          await confirm(stack, options.yes);
        },
      }),
    {
      takeOver: async (holder) => {
        console.log(
          `The stack is locked: ${holderInWords(holder)}. If that still works, both hurt the stack.`,
        );
        // Nobody is asked in a pipeline: --yes alone is said too easily to take something away from somebody.
        await confirm(stack, options.yes && options.force);
        return true;
      },
    },
  );
}

export const command = define(
  "recover",
  "Clears what a killed deploy has left behind, so that the next one goes through: half-written state files in a local folder,\n" +
    "the stack's locks, pending operations in its state, and containers and networks that carry the stack's label but are not in\n" +
    "its state; it lists these and asks before it removes them. Drains the containers of a killed rollout first; if no container\n" +
    "of a service is left running, starts the one that served last. Refuses a state that knows none of the running containers:\n" +
    "it is the wrong state. Never touches volumes, except those that a restore to a point in time made for itself.",
  ["recover prod", "recover prod --yes --force"],
)
  .argument("<stack>")
  .option("--force", "also remove a lock whose holder may still be at work, as on another machine")
  .addOption(quiet())
  .addOption(yes());
act(command, run);
