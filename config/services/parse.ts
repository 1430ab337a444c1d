import { RunError } from "@pulumi/pulumi/errors";
import { closest } from "fastest-levenshtein";
import { load } from "js-yaml";
import { z } from "zod";

import { builtInServices } from "./built-in";
import { crossProblems } from "./cross-problems";
import { types, type Kind, type OwnService } from "./schema";

/** What services.yaml says. */
export interface Services {
  /** Whether the application has the bot and the web app of the Dating Mini App. */
  miniApp: boolean;
  /** The services of one's own, by name. */
  own: Record<string, OwnService>;
}

/** Something that is wrong in services.yaml, and the edit that mends it. */
export interface ServicesProblem {
  /** The path of the key: `services.web.memory`. */
  key: string;
  /** What is wrong, so that "key problem" is a sentence. */
  problem: string;
  /** The line to write there, or what to take out. */
  edit: string;
}

/** A wrong services.yaml: its message lists every problem at once and is meant for the user, without a stack trace. */
export class ServicesError extends RunError {
  constructor(readonly problems: readonly ServicesProblem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(
      [
        `services.yaml has ${count}; nothing was changed.`,
        ...problems.map(({ key, problem, edit }) => `  ${key} ${problem}\n      ${edit}`),
      ].join("\n"),
    );
    this.name = "ServicesError";
  }
}

/**
 * Reads services.yaml.
 *
 * @throws ServicesError that lists all problems at once
 */
export function parseServices(text: string): Services {
  const file = readYaml(text);
  const problems: ServicesProblem[] = Object.keys(file)
    .filter((key) => key !== "miniApp" && key !== "services")
    .map((key) => unknownKey([], key, ["miniApp", "services"]));
  const { miniApp = true, services = {} } = file;
  if (typeof miniApp !== "boolean")
    problems.push({ key: "miniApp", problem: "must be true or false", edit: "miniApp: true" });
  if (services !== null && (typeof services !== "object" || Array.isArray(services)))
    problems.push({ key: "services", problem: "must be a set of names and services", edit: "services: {}" });
  const entries = Object.entries((typeof services === "object" && services) || {});
  const own: Record<string, OwnService> = {};
  for (const [name, entry] of entries) {
    const { service, problems: found } = parseService(name, entry);
    problems.push(...nameProblems(name), ...found);
    if (service) own[name] = service;
  }
  if (problems.length === 0) problems.push(...crossProblems({ miniApp: miniApp === true, own }));
  if (problems.length > 0) throw new ServicesError(problems);
  return { miniApp: miniApp === true, own };
}

function readYaml(text: string): Record<string, unknown> {
  // An empty document is none for the parser.
  if (text.split("\n").every((line) => /^\s*(#|$)/.test(line))) return {};
  let file: unknown;
  try {
    file = load(text) ?? {};
  } catch (error) {
    const [line] = (error as Error).message.split("\n");
    throw new ServicesError([{ key: "The file", problem: "is no YAML", edit: line! }]);
  }
  if (typeof file === "object" && !Array.isArray(file)) return file as Record<string, unknown>;
  throw new ServicesError([
    { key: "The file", problem: "must be a set of names and services", edit: "services: {}" },
  ]);
}

function nameProblems(name: string): ServicesProblem[] {
  const key = `services.${name}`;
  if (!/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/.test(name))
    return [
      {
        ...{ key, problem: "must be a name of at most 30 small letters, digits and hyphens" },
        edit: `${
          name
            .toLowerCase()
            .replace(/[^a-z0-9]+/g, "-")
            .replace(/^[^a-z]+|-+$/g, "")
            .slice(0, 30) || "web"
        }:`,
      },
    ];
  const taken: readonly string[] = [...builtInServices, "migrations", "db", "localhost"];
  return taken.includes(name)
    ? [{ key, problem: "is the name of what is there already; choose another", edit: `my-${name}:` }]
    : [];
}

function parseService(name: string, entry: unknown): { service?: OwnService; problems: ServicesProblem[] } {
  const at = ["services", name];
  const kinds = Object.keys(types) as Kind[];
  const kind = (entry as { kind?: unknown } | null)?.kind as Kind;
  if (!kinds.includes(kind)) {
    const missing = kind === undefined;
    const problem = missing ? "is missing" : `must be ${kinds.slice(0, -1).join(", ")} or ${kinds.at(-1)}`;
    return { problems: [{ key: [...at, "kind"].join("."), problem, edit: "kind: server" }] };
  }
  const type = types[kind];
  const result = type.safeParse(entry);
  if (result.success) return { service: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => describe(type, at, entry, issue)) };
}

function describe(
  type: z.ZodObject,
  at: string[],
  entry: unknown,
  issue: z.core.$ZodIssue,
): ServicesProblem[] {
  const path = issue.path.map(String);
  const key = [...at, ...path].join(".");
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(objectAt(type, path)?.shape ?? {});
    return issue.keys.map((name) => unknownKey([...at, ...path], name, known));
  }
  if (issue.code === "invalid_key")
    return [
      {
        key,
        problem: issue.issues[0]!.message,
        edit: `${path.at(-1)!.toUpperCase().replace(/\W/g, "_")}: …`,
      },
    ];
  return [{ key, problem: isThere(entry, path) ? issue.message : "is missing", edit: exampleOf(type, path) }];
}

function unknownKey(at: string[], name: string, known: string[]): ServicesProblem {
  const meant = closest(name, known);
  return {
    key: [...at, name].join("."),
    problem: `is not a known key; did you mean ${meant}?`,
    edit: `${meant}: …, or take it out`,
  };
}

function isThere(entry: unknown, path: string[]): boolean {
  let inner: unknown = entry;
  for (const name of path) inner = (inner as Record<string, unknown> | null | undefined)?.[name];
  return inner !== undefined && inner !== null;
}

/** The line that mends a field: that of the innermost one that has an example. */
function exampleOf(type: z.ZodObject, path: string[]): string {
  const examples = path.map((name, depth) => {
    const field = objectAt(type, path.slice(0, depth))?.shape[name] as z.ZodType | undefined;
    const inner = field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field;
    return inner?.meta()?.example as string | undefined;
  });
  return examples.filter((example) => example !== undefined).at(-1) ?? "see docs/own-services.md";
}

function objectAt(type: z.ZodObject, path: string[]): z.ZodObject | undefined {
  let inner: z.ZodType | undefined = type;
  for (const name of path) {
    if (!(inner instanceof z.ZodObject)) return undefined;
    inner = inner.shape[name] as z.ZodType | undefined;
    if (inner instanceof z.ZodOptional) inner = inner.unwrap() as z.ZodType;
  }
  return inner instanceof z.ZodObject ? inner : undefined;
}
