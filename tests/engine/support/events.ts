import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface StepEvent {
  metadata: { op: string; type: string; urn: string };
}

/** What of the engine's events is looked at: the begin and the end of a step. */
interface EngineEvent {
  resourcePreEvent?: StepEvent;
  resOutputsEvent?: StepEvent;
}

/** Where the engine writes its events down, and how it is told so. */
export function eventLog(directory: string) {
  const path = join(directory, `.state/events-${randomBytes(4).toString("hex")}.log`);
  return {
    path,
    args: ["--event-log", path],
    // Without it the CLI does not know --event-log.
    environment: { PULUMI_DEBUG_COMMANDS: "true" },
  };
}

/** The begins and ends of steps that are written down so far; not of what stays the same. */
export function readEvents(path: string): EngineEvent[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as EngineEvent)
    .filter(({ resourcePreEvent, resOutputsEvent }) => {
      const metadata = (resourcePreEvent ?? resOutputsEvent)?.metadata;
      return metadata && !["same", "read", "refresh"].includes(metadata.op);
    });
}
