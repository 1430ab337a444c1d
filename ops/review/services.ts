import { serviceOf, types, type Change } from "./changes";
import { shortImage } from "./values";

/** What changes about a service, in words. */
export interface ServiceSummary {
  service: string;
  /** As in "image 1.0@a1b2c3d → 1.1@c3d4e5f, environment". */
  what: string;
  /** As in "start-first, no downtime". */
  how: string;
}

const words: Record<string, string> = {
  envs: "environment",
  uploads: "files",
  healthcheck: "health check",
  networksAdvanced: "networks",
  command: "command line",
  readOnly: "root file system",
  memorySwap: "",
  name: "",
};

/** One line for each service whose container changes, by name: the engine's order is another in each preview. */
export function summarize(changes: Change[]): ServiceSummary[] {
  return changes
    .filter(({ type }) => type === types.container)
    .map((change) => ({ service: serviceOf(change), what: whatOf(change), how: howOf(change) }))
    .sort((a, b) => (a.service < b.service ? -1 : 1));
}

function whatOf(change: Change): string {
  const { action, before, after, properties } = change;
  if (action === "create") return `new, image ${image(after)}`;
  if (action === "delete") return "removed";
  const phrases = properties.map((property) => {
    if (property === "image") return `image ${image(before)} → ${image(after)}`;
    if (property === "memory") return `memory ${String(before.memory)} → ${String(after.memory)} MiB`;
    if (property === "envs" && change.variables) return change.variables.map(({ name }) => name).join(", ");
    return words[property] ?? property;
  });
  return phrases.filter((phrase) => phrase !== "").join(", ") || "made anew with what it depends on";
}

function howOf({ action, stopFirst }: Change): string {
  if (action === "create") return "starts";
  if (action === "delete") return "stops, and stays away";
  if (action === "update") return "in place, no restart";
  return stopFirst ? "stop-first, absent meanwhile" : "start-first, no downtime";
}

function image({ image: reference }: Record<string, unknown>): string {
  return typeof reference === "string" ? shortImage(reference) : "not known yet";
}
