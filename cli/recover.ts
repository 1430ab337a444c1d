import { asksFirst } from "../config/stack-kind";
import { holderInWords } from "../host/holder";
import { recover } from "../ops/recovery/recover";
import { confirm } from "../ops/stack/confirm";
import { Session } from "../ops/stack/session";
import { changing } from "./change";
import { act, define, quiet, yes, type CommonOptions } from "./command";

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
  "Clears what a killed deploy has left, so that the next one goes through: half-written files of a local backend, the\n" +
    "stack's locks, operations that never ended in its state, and containers and networks on the Docker host that carry\n" +
    "the stack's label and are not in its state, which are listed and asked for first. Refuses a state that knows none of the\n" +
    "containers that run, as that is another one's. Containers that a killed rollout leaves are drained first, and a service of\n" +
    "which it leaves none running gets back the one that served. Volumes are never touched, but for those that a restore to a\n" +
    "point in time has made for itself, which go with its containers and its dump.",
  ["recover prod", "recover prod --yes --force"],
)
  .argument("<stack>")
  .option("--force", "also when a lock's holder may still be at work, as on another machine")
  .addOption(quiet())
  .addOption(yes());
act(command, run);
