import { metaOf } from "../keys/fields";
import { keys, serviceNames, type ServiceName } from "../keys";
import { leastMemory } from "../memory";
import { setCommand, type Problem, type RawConfig } from "./index";
import { toMebibytes, type Size } from "../units";
import { volumeNames, type VolumeName } from "../volumes";

/** The values that are about more than one key, or about a service by its name. */
export interface PairValues {
  alertBotToken?: string;
  botToken?: string;
  alertChatId?: number;
  heartbeatUrl?: string;
  memory: { [name in ServiceName]?: Size };
  monitoring: boolean;
  photoCdnUrl?: string;
  tls: string;
  volumes: { [name in VolumeName]?: string };
  webappUrl?: string;
}

type Report = (path: string[], what: string, command?: string) => Problem;

/** What is told of each key is right, and still it cannot be deployed, or nobody would be served by it. */
export function pairProblems(raw: RawConfig, values: PairValues): Problem[] {
  const report: Report = (path, what, command) => ({
    key: `${raw.namespace}:${path.join(".")}`,
    problem: what,
    command: command ?? setCommand(raw, path, metaOf(keys.shape[path[0] as keyof typeof keys.shape])),
  });
  return [
    ...volumeProblems(raw, values, report),
    ...memoryProblems(values, report),
    ...alertProblems(raw, values, report),
    ...addressProblems(values, report),
  ];
}

/** Two services that write one folder destroy what is in it. */
function volumeProblems({ namespace, stack }: RawConfig, { volumes }: PairValues, report: Report): Problem[] {
  const real = (name: VolumeName) => volumes[name] ?? `${namespace}-${stack}_${name}`;
  return volumeNames
    .filter((name) => volumes[name] !== undefined)
    .flatMap((name, place, named) => {
      const other = volumeNames.find((another) => another !== name && real(another) === real(name));
      // Of two that are named, the later one is told.
      if (!other || named.indexOf(other) > place) return [];
      return [
        report(["volumes", name], `is ${real(name)}, which is ${other}'s volume; each has one of its own`),
      ];
    });
}

function memoryProblems({ memory }: PairValues, report: Report): Problem[] {
  return serviceNames.flatMap((name) => {
    const limit = memory[name];
    if (limit === undefined || toMebibytes(limit) >= toMebibytes(leastMemory[name])) return [];
    return [report(["memory", name], `must be at least ${leastMemory[name]}: with less it does not start`)];
  });
}

/** Alerts that are configured and reach nobody are worse than none. */
function alertProblems(raw: RawConfig, values: PairValues, report: Report): Problem[] {
  const { alertChatId, alertBotToken, heartbeatUrl, monitoring } = values;
  const found: Problem[] = [];
  if (heartbeatUrl !== undefined && !monitoring)
    found.push(
      report(
        ["heartbeatUrl"],
        "is set, and monitoring is not: nothing calls it",
        setCommand(raw, ["monitoring"], metaOf(keys.shape.monitoring)),
      ),
    );
  if (alertChatId !== undefined && !monitoring)
    found.push(
      report(
        ["alertChatId"],
        "is set, and monitoring is not: nothing sends an alert",
        setCommand(raw, ["monitoring"], metaOf(keys.shape.monitoring)),
      ),
    );
  if (alertChatId !== undefined && alertBotToken === undefined && values.botToken === undefined)
    found.push(report(["alertBotToken"], "is missing, and there is no bot that could send the alerts"));
  if (alertBotToken !== undefined && alertChatId === undefined)
    found.push(
      report(
        ["alertBotToken"],
        "is set, and alertChatId is not: nobody gets an alert",
        setCommand(raw, ["alertChatId"], metaOf(keys.shape.alertChatId)),
      ),
    );
  return found;
}

/** Telegram opens a Mini App over HTTPS alone, and a browser shows no picture over HTTP in it. */
function addressProblems({ tls, ...values }: PairValues, report: Report): Problem[] {
  if (tls === "off") return [];
  return (["webappUrl", "photoCdnUrl"] as const)
    .filter((key) => values[key]?.startsWith("http://"))
    .map((key) => report([key], "must be an https:// address where tls is not off"));
}
