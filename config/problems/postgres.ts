import { metaOf } from "../keys/fields";
import { keys, type ServiceName } from "../keys";
import { memoryLimits } from "../memory";
import { buffersOf, purposeOf, type PostgresSettings } from "../postgres-settings";
import { removeCommand, setCommand, type Problem, type RawConfig } from "./index";
import { toMebibytes, type Size } from "../units";

/**
 * What the server could not be started with, or not safely. Names and values that Postgres does not know it says itself, before
 * a deploy touches anything (images/postgres.ts).
 */
export function postgresProblems(
  raw: RawConfig,
  values: { postgresSettings: PostgresSettings; memory: { [name in ServiceName]?: Size } },
): Problem[] {
  const key = (name: string) => `${raw.namespace}:postgresSettings.${name}`;
  const fixed = Object.keys(values.postgresSettings).flatMap((name) => {
    const purpose = purposeOf(name);
    if (!purpose) return [];
    const command = removeCommand(raw, ["postgresSettings", name]);
    return [{ key: key(name), problem: `is not a stack's to set: it ${purpose}`, command }];
  });
  const limit = toMebibytes(values.memory.postgres ?? memoryLimits.postgres);
  const buffers = buffersOf(values.postgresSettings.shared_buffers ?? "");
  if (buffers === undefined || buffers <= limit / 2) return fixed;
  return [
    ...fixed,
    {
      key: key("shared_buffers"),
      problem: `must be at most half of Postgres's ${limit} MiB of memory: the rest is its queries'`,
      command: setCommand(raw, ["memory", "postgres"], {
        ...metaOf(keys.shape.memory),
        example: `${Math.ceil(buffers) * 4} MiB`,
      }),
    },
  ];
}
