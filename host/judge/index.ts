import type { HostAnswers } from "../asking/answers";
import type { Client } from "../asking/client";
import type { Finding, Level } from "../finding";
import type { HostView } from "../asking/view";
import type { Wanted } from "../wanted";
import { judgeClient } from "./client";
import { judgeEngine } from "./engine";
import { judgeLock } from "./lock";
import { judgeNeighbours } from "./neighbours";
import { judgeNetworks } from "./networks";
import { judgeResources } from "./resources";
import { judgeRestore } from "./restore";
import { judgeSecurity } from "./security";
import { judgeSwarm } from "./swarm";
import { judgeView } from "./view";

/** Everything that is known of a Docker host before a deploy. */
export interface HostSeen {
  answers: HostAnswers;
  view: HostView;
  /** Missing where it was not asked. */
  client?: Client;
}

const order: Level[] = ["refuse", "warn", "note"];

/** Everything on the host that a deploy of the stack should know, what counts most first. Asks nothing. */
export function judge({ answers, view, client }: HostSeen, wanted: Wanted): Finding[] {
  return [
    ...judgeEngine(answers, wanted),
    ...judgeClient(answers, client),
    ...judgeLock(answers, wanted),
    ...judgeRestore(answers, wanted),
    ...judgeSecurity(answers, wanted),
    ...judgeSwarm(answers, wanted),
    ...judgeResources(answers, wanted),
    ...judgeNetworks(answers, wanted),
    ...judgeNeighbours(answers, wanted),
    ...judgeView(answers, view, wanted),
  ].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}
