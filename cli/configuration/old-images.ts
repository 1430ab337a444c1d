import { asksFirst } from "../../config/stack/kind";
import { size } from "../../ops/backups/archives/progress";
import { findOldImages, removeImages, type OldImages } from "../../ops/images/old";
import { progress } from "../../ops/quiet";
import { confirm } from "../../ops/stack/confirm";
import { requireDeployed, Session } from "../../ops/stack/session";
import { changing } from "../change";
import type { CommonOptions } from "../command";

/** Removes the images that a stack's older releases have left on its Docker host, after saying which and asking. */
export async function pruneImages(stack: string, options: CommonOptions): Promise<void> {
  const session = new Session(stack);
  requireDeployed(session);
  if (options.dryRun) {
    tell(findOldImages(session), "These would be removed");
    return console.log("A dry run: nothing was changed.");
  }
  await changing(session, async () => {
    const old = findOldImages(session);
    tell(old, "These are removed");
    if (old.images.length === 0) return;
    if (asksFirst(stack)) await confirm(stack, options.yes);
    remove(session, old);
  });
}

/**
 * Does the same at the end of a deploy, without asking, as the stack's configuration says how much stays. A deploy that went
 * well stays one: what could not be removed is told, with the command that tries again.
 */
export function pruneAfterDeploy(stack: string): void {
  const session = new Session(stack);
  try {
    const old = findOldImages(session);
    if (old.images.length === 0) return;
    progress(`\nImages of older releases are removed: ${inWords(old)}`);
    remove(session, old);
  } catch (error) {
    console.error(
      `Images of older releases could not be removed: ${(error as Error).message}\n` +
        `The deploy is done. Try again: ./dating images prune ${stack}`,
    );
  }
}

function remove(session: Session, { images }: OldImages): void {
  for (const { reference } of removeImages(session, images))
    console.log(`${reference} stays: a container has begun to use it`);
}

function tell({ images, unknown }: OldImages, what: string): void {
  if (images.length === 0) console.log("No image of an older release is to be removed.");
  else
    console.log(
      [
        `${what}, which no container, no stack and no rollback needs (${inWords({ images, unknown })}):`,
        ...images.map((image) => `${image.reference}  ${size(image.size)}`),
      ].join("\n  "),
    );
  if (unknown.length > 0)
    console.log(
      `Others stay, as nobody knows here what these stacks on the Docker host need: ${unknown.join(", ")}. ` +
        "Their history is in another state.",
    );
}

/** How many, and how much space: layers that others have, too, stay. */
function inWords({ images }: OldImages): string {
  const bytes = images.reduce((sum, image) => sum + image.size, 0);
  return `${images.length === 1 ? "1 image" : `${images.length} images`}, at most ${size(bytes)}`;
}
