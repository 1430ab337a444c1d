import { botVariables, type BotVariable } from "../../config/bot-variables";
import type { Preview, Step } from "./schema";

/** A variable of the bot's environment that a deploy changes. */
export interface Variable {
  name: string;
  secret: boolean;
}

/**
 * The variables of the bot that differ. The engine tells their places in the list, which is sorted by name, and no value.
 *
 * @returns undefined where a place is not told, or one is of a variable that the bot no longer has
 */
export function changedVariables(steps: Step[], config: Preview["config"]): Variable[] | undefined {
  const names = [...new Set([...Object.keys(botVariables), ...added(config)])].sort();
  const diffs = steps.flatMap(({ detailedDiff }) => Object.entries(detailedDiff ?? {}));
  const found = diffs
    .filter(([path]) => /^envs(\[|$)/.test(path))
    .map(([path, diff]) => {
      const place = /^envs\[(\d+)\]$/.exec(path)?.[1];
      const kind = (diff as { kind?: string } | null)?.kind ?? "";
      return place === undefined || kind.startsWith("delete") ? undefined : names[Number(place)];
    });
  if (found.length === 0 || found.some((name) => name === undefined)) return undefined;
  return [...new Set(found as string[])].map((name) => ({
    name,
    secret: botVariables[name as BotVariable] === "secret",
  }));
}

function added(config: Preview["config"]): string[] {
  const value = config["dating:botEnvironment"];
  if (value === undefined) return [];
  return Object.keys((typeof value === "string" ? JSON.parse(value) : value) as object);
}
