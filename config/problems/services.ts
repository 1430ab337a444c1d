import { metaOf } from "../keys/fields";
import { keys } from "../keys";
import { ownSecrets } from "../own-services";
import { removeCommand, setCommand, type Problem, type RawConfig } from "./index";

/** The secrets that `services.yaml` asks for are there, and no others. */
export function serviceProblems(raw: RawConfig, { serviceSecrets }: { serviceSecrets: object }): Problem[] {
  const path = (name: string) => ["serviceSecrets", name];
  const key = (name: string) => `${raw.namespace}:${path(name).join(".")}`;
  return [
    ...ownSecrets
      .filter((name) => !(name in serviceSecrets))
      .map((name) => ({
        key: key(name),
        problem: "is missing, and services.yaml asks for it",
        command: setCommand(raw, path(name), metaOf(keys.shape.serviceSecrets)),
      })),
    ...Object.keys(serviceSecrets)
      .filter((name) => !ownSecrets.includes(name))
      .map((name) => ({
        key: key(name),
        problem: "is asked for by no service of services.yaml",
        command: removeCommand(raw, path(name)),
      })),
  ];
}
