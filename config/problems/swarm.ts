import type { z } from "zod";

import { metaOf } from "../keys/fields";
import type { keys } from "../keys";
import { ownNames } from "../own-services";
import { removeCommand, setCommand, type Problem, type RawConfig } from "./index";
import { swarmKeys } from "../keys/swarm";

type Values = z.output<typeof keys>;

/** What a stack on a swarm is refused for, so that nothing looks as if it worked there that does not yet. */
export function swarmProblems(raw: RawConfig, values: Values): Problem[] {
  const remove = (name: keyof Values, problem: string): Problem => ({
    key: `${raw.namespace}:${name}`,
    problem,
    command: removeCommand(raw, [name]),
  });
  const set = (name: keyof typeof swarmKeys, problem: string): Problem => ({
    key: `${raw.namespace}:${name}`,
    problem,
    command: setCommand(raw, [name], metaOf(swarmKeys[name])),
  });
  const { orchestrator, replicas, botCommand, botRollout } = values;
  if (orchestrator === "host") {
    return [
      ...(Object.keys(replicas).length > 0
        ? [remove("replicas", "is set, and orchestrator is not swarm")]
        : []),
      ...(botCommand.length > 0 ? [remove("botCommand", "is set, and orchestrator is not swarm")] : []),
    ];
  }
  return [
    ...missingOn(values).map((name) => remove(name, "is set, and does not work with orchestrator swarm yet")),
    ...(values.localImages
      ? [remove("localImages", "is true, and the nodes of a swarm get images by their digest only")]
      : []),
    ...(botCommand.length === 0
      ? [
          set(
            "botCommand",
            "is missing: with orchestrator swarm the bot is started by a shell that reads its secrets",
          ),
        ]
      : []),
    ...(botRollout === "stop-first" && (replicas.bot ?? 1) > 1
      ? [remove("replicas", "has several of a bot of which only one may run (botRollout)")]
      : []),
    ...(ownNames.length > 0
      ? [remove("orchestrator", "is swarm, where services of one's own do not work yet")]
      : []),
  ];
}

/** The keys that are set and ask for what a swarm does not have yet. */
function missingOn(values: Values): (keyof Values)[] {
  const wanted = {
    monitoring: values.monitoring,
    tls: values.tls !== "off",
    behind: values.behind !== undefined,
    previewDomain: values.previewDomain !== undefined,
    networkRange: values.networkRange !== undefined,
    backupRepositories: values.backupRepositories.length > 0,
    backupVerify: values.backupVerify !== undefined,
    databasePassword: values.databasePassword !== undefined,
  };
  return (Object.keys(wanted) as (keyof typeof wanted)[]).filter((name) => wanted[name]);
}
