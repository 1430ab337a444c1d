import type { Command } from "commander";

import { examplesOf } from "./command";
import { groups, program } from "./catalog";

/** The reference of all commands in Markdown, made of the commands themselves, without its heading. */
export function commandReference(): string {
  const tree = program();
  const named = (name: string) => tree.commands.find((each) => each.name() === name)!;
  const sections = Object.entries(groups).map(([group, commands]) =>
    [
      `## ${group.replace(/:$/, "")}`,
      ...Object.keys(commands).flatMap((name) => entries(named(name), "./dating")),
    ].join("\n\n"),
  );
  return sections.join("\n\n");
}

/** A command and those below it. */
function entries(command: Command, before: string): string[] {
  const called = `${before} ${command.name()}`;
  const below = command.commands.flatMap((each) => entries(each, called));
  return [
    `### \`${called}\``,
    command.description(),
    ...(below.length > 0 ? below : [usage(command, called)]),
  ];
}

function usage(command: Command, called: string): string {
  const words = command.registeredArguments.map((each) => {
    const name = each.name() + (each.variadic ? "…" : "");
    return each.required ? name.toUpperCase() : `[${name.toUpperCase()}]`;
  });
  const needed = command.options
    .filter(({ mandatory }) => mandatory)
    .map(({ long, flags }) => `${long} ${/<(\w+)>/.exec(flags)?.[1]?.toUpperCase()}`);
  const described = [
    ...command.registeredArguments
      .filter(({ description }) => description)
      .map((each) => row(each.name().toUpperCase(), each.description)),
    ...command.options.map(({ flags, description, defaultValue, defaultValueDescription }) =>
      row(flags, description + standing(defaultValueDescription ?? defaultValue)),
    ),
  ];
  const examples = examplesOf(command).map((line) => `./dating ${line}`);
  return [
    [
      "```sh",
      [called, ...words, ...needed].join(" "),
      ...(examples.length > 0 ? ["", ...examples] : []),
      "```",
    ].join("\n"),
    ...(described.length > 0
      ? [["| Option | What it does |", "| --- | --- |", ...described].join("\n")]
      : []),
  ].join("\n\n");
}

const row = (name: string, text: string) => `| \`${name}\` | ${text.replaceAll("|", "\\|")} |`;

function standing(value: unknown): string {
  return typeof value === "string" && value !== "" ? ` (default: ${value})` : "";
}
