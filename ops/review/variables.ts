import { botVariables, type BotVariable } from "../../config/bot-variables";
import { projectName } from "../../config/project";
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
  const [settings, secrets] = [
    added(config, `${projectName}:botEnvironment`),
    added(config, `${projectName}:botSecrets`),
  ];
  if (!settings || !secrets) return undefined;
  const names = [...new Set([...Object.keys(botVariables), ...settings, ...secrets])].sort();
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
    secret: botVariables[name as BotVariable] === "secret" || secrets.includes(name),
  }));
}

/** The names that a key adds: the engine hides the values of secrets, and not these. Undefined where all are one secret. */
function added(config: Preview["config"], key: string): string[] | undefined {
  const value = config[key];
  if (value === undefined) return [];
  try {
    return Object.keys((typeof value === "string" ? JSON.parse(value) : value) as object);
  } catch {
    return undefined;
  }
}
