import { stateAlone } from "../../host/state-only";
import { changesOf, stackStep, type Change } from "./changes";
import { costOf } from "./people";
import type { Review } from "./render";
import { risksOf } from "./risk/risks";
import type { Preview } from "./schema";
import { summarize } from "./services";
import { undecidedIn } from "./undecided";

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
  const changes = ordered(changesOf(preview));
  const outputs = stackStep(preview)?.oldState?.outputs ?? {};
  const deployed = typeof outputs.schemaRevision === "string" ? outputs.schemaRevision : undefined;
  return {
    stack,
    counts: preview.changeSummary,
    risks: risksOf(changes, { preview, pendingRevisions: revisionsAfter(deployed) }),
    services: summarize(changes),
    changes,
    cost: costOf(changes),
    undecided: undecidedIn(changes),
    unseen: preview.diagnostics.some(({ message }) => message.includes(stateAlone)) ? withoutHost : [],
  };
}

/** What a preview cannot tell that did not see the Docker host. */
const withoutHost = [
  "what was changed by hand on the Docker host since the last deploy (./dating drift)",
  "whether the host has the room, the ports and an engine that the deploy needs: the newest engine is taken for granted (./dating doctor)",
  "whether the Postgres of the new image reads the data that are there, and has each setting and extension",
  "whether a dashboard was edited in Grafana that the deploy would overwrite",
];

/** Whether the engine refuses what it was asked to preview. */
export function isRefused({ diagnostics }: Preview): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

/**
 * What goes comes first: it is what a reader must not miss when the rest is cut. Then by type and name, as the engine's order
 * is another in each preview, and a comment that is renewed is to change with its content only.
 */
function ordered(changes: Change[]): Change[] {
  const order = ["delete", "replace", "update", "create"];
  const key = ({ action, type, name }: Change) => [order.indexOf(action), type, name].join(" ");
  return [...changes].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
