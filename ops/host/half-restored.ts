import { projectName } from "../../config/project";
import { restoreLabel } from "../../host/marks/unfinished-restore";
import type { DockerHost } from "./inspect";

/**
 * Looks for a restore that was interrupted while data changed places: what it has stopped is not to be started on half of them.
 *
 * @returns what happened and how to go on, for people; undefined where there is no such restore
 */
export function halfRestored(stack: string, host: Pick<DockerHost, "run">): string | undefined {
  const mark = host.run([
    "ps",
    "--all",
    "--quiet",
    "--filter",
    `label=${restoreLabel}=${projectName}-${stack}`,
  ]);
  if (mark.toString().trim() === "") return undefined;
  return (
    "a restore was interrupted while data changed places, and has stopped services for that.\n" +
    `Go back to what was there: ./dating backup undo ${stack}\nOr restore once more: ./dating backup restore ${stack}`
  );
}
