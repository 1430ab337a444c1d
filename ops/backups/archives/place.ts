import { homedir } from "node:os";
import { join, relative } from "node:path";

import { projectRoot } from "../../../images/content";

/** Where archives are kept where no other place is named, as the help says it. */
export const ownPlaceInWords = "~/.local/state/dating-mini-app/backups";

/** The same: a folder of this user, beside the state of stacks that are kept on this machine (`XDG_STATE_HOME`). */
export function ownPlace(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), ".local/state"), "dating-mini-app/backups");
}

/** Whether a place is in the checkout, where `git clean` deletes what is not committed, and `git add` commits it. */
export function isInCheckout(place: string, root = projectRoot): boolean {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return false;
  const path = relative(root, place);
  return path !== ".." && !path.startsWith("../");
}
