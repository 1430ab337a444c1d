import { changesOf, stackStep, type Change } from "./changes";
import type { Review } from "./render";
import { risksOf } from "./risks";
import type { Preview } from "./schema";
import { summarize } from "./services";

/**
 * What is to be told of a preview.
 *
 * @param revisionsAfter the checkout's revisions that a database at the given one has not, oldest first
 */
export function reviewOf(
  stack: string,
  preview: Preview,
  revisionsAfter: (deployed: string | undefined) => string[],
): Review {
  const changes = changesOf(preview);
  const outputs = stackStep(preview)?.oldState?.outputs ?? {};
  const deployed = typeof outputs.schemaRevision === "string" ? outputs.schemaRevision : undefined;
  return {
    stack,
    counts: preview.changeSummary,
    risks: risksOf(changes, { preview, pendingRevisions: revisionsAfter(deployed) }),
    services: summarize(changes),
    changes: ordered(changes),
  };
}

/** Whether the engine refuses what it was asked to preview. */
export function isRefused({ diagnostics }: Preview): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

/** What goes comes first: it is what a reader must not miss when the rest is cut. */
function ordered(changes: Change[]): Change[] {
  const order = ["delete", "replace", "update", "create"];
  return [...changes].sort((a, b) => order.indexOf(a.action) - order.indexOf(b.action));
}
