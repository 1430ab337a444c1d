import { botVariables, keyOfVariable, type BotVariable } from "../bot-variables";
import { removeCommand, type Problem, type RawConfig } from "./index";

/** The bot's variables have one origin each: the program, `botEnvironment` or `botSecrets`. */
export function botProblems(
  raw: RawConfig,
  { botEnvironment, botSecrets }: { botEnvironment: object; botSecrets: object },
): Problem[] {
  const problem = (key: string, name: string, what: string): Problem => ({
    key: `${raw.namespace}:${key}.${name}`,
    problem: what,
    command: removeCommand(raw, [key, name]),
  });
  return [
    ...Object.entries({ botEnvironment, botSecrets }).flatMap(([key, variables]) =>
      Object.keys(variables)
        .filter((name) => name in botVariables)
        .map((name) => problem(key, name, `is what ${originOf(raw, name as BotVariable)} gives the bot`)),
    ),
    ...Object.keys(botEnvironment)
      .filter((name) => name in botSecrets && !(name in botVariables))
      .map((name) => problem("botEnvironment", name, "is in botSecrets, too")),
  ];
}

function originOf({ namespace }: RawConfig, name: BotVariable): string {
  const key = keyOfVariable[name];
  return key ? `${namespace}:${key}` : "the program itself";
}
