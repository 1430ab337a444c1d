import { ownServer, ownServers } from "../../config/own-services";
import { serviceOf, types, type Change } from "./changes";

/** How long a service was away while it was replaced, in seconds. */
export interface Absence {
  minimum: number;
  median: number;
  maximum: number;
}

/** Measured (bench/absence.ts) where the new container is a good one. Of nothing else that is stopped first do people notice. */
export const measuredAbsences: Readonly<Record<string, Absence>> = {
  traefik: { minimum: 1.312, median: 1.561, maximum: 11.504 },
  postgres: { minimum: 1.191, median: 1.208, maximum: 1.743 },
};

/** What is not answered while a service is away. */
const unanswered: Readonly<Record<string, string>> = {
  traefik: "no request is answered",
  postgres: "nothing is answered that needs the database",
  bot: "no request to the bot is answered",
  webapp: "no page is answered",
  ...Object.fromEntries(
    ownServers.map((name) => [
      name,
      ownServer(name).route ? `no request to ${name} is answered` : `nothing is answered that needs ${name}`,
    ]),
  ),
};

/** What a deploy costs the people who use the application, as a sentence; undefined where nothing that was there changes. */
export function costOf(changes: readonly Change[]): string | undefined {
  if (changes.some(({ type, action }) => type === types.service && action !== "create"))
    return "What people notice was not measured on a swarm, and no risk of its services is looked for: read every change.";
  const containers = changes.filter(({ type }) => type === types.container);
  if (containers.every(({ action }) => action === "create")) return undefined;
  const away = containers
    .filter(({ action, stopFirst }) => action === "delete" || (action === "replace" && stopFirst))
    .map((change) => ({ service: serviceOf(change), forGood: change.action === "delete" }))
    .filter(({ service }) => service in unanswered)
    .sort((a, b) => (a.service < b.service ? -1 : 1));
  if (away.length === 0)
    return "People notice nothing: no service that they use is stopped before its successor serves.";
  return `People notice: ${away.map(({ service, forGood }) => `${unanswered[service]} ${howLong(service, forGood)}`).join("; ")}.`;
}

function howLong(service: string, forGood: boolean): string {
  if (forGood) return `any more (${service} is removed)`;
  const measured = measuredAbsences[service];
  if (!measured) return `while ${service} is replaced, which was not measured`;
  const [least, usual, most] = [measured.minimum, measured.median, measured.maximum].map((seconds) =>
    seconds.toFixed(1),
  );
  return `for about ${usual} s while ${service} is replaced (${least} to ${most} s when it was measured)`;
}
