import type { Preview, Step } from "./schema";
import { changedVariables, type Variable } from "./variables";

/** What happens to one resource, out of all the steps that the engine lists for it. */
export interface Change {
  urn: string;
  /** Its name in the program. */
  name: string;
  type: string;
  action: "create" | "update" | "replace" | "delete";
  /** Of a container's replacement: whether the old one is stopped before the new one is started. */
  stopFirst: boolean;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  /** The inputs that differ, without a value of any. */
  properties: string[];
  /** The variables of the bot's environment that differ, where the engine tells which. */
  variables?: Variable[];
}

export const types = {
  container: "docker:index/container:Container",
  volume: "docker:index/volume:Volume",
  service: "docker:index/service:Service",
  network: "docker:index/network:Network",
  password: "random:index/randomPassword:RandomPassword",
  command: "command:local:Command",
  provider: "pulumi:providers:docker",
} as const;

const quiet = new Set(["same", "read", "refresh"]);

/** The resources that a preview changes, in the engine's order. Components change only with what is in them. */
export function changesOf({ steps, config }: Preview): Change[] {
  const byUrn = new Map<string, Step[]>();
  for (const step of steps.filter(({ op }) => !quiet.has(op)))
    byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
  return [...byUrn.values()]
    .map((steps) => merge(steps, config))
    .filter(({ type }) => !/^(dating:|pulumi:pulumi:)/.test(type));
}

/** Whether the stack gets another shape: other services, networks, volumes or ports, or others joined. */
export function changesShape(changes: Change[]): boolean {
  const parts: string[] = [types.container, types.network, types.volume];
  const edges = ["networksAdvanced", "volumes", "ports"];
  return changes.some(
    ({ type, action, properties }) =>
      parts.includes(type) &&
      (action === "create" || action === "delete" || properties.some((property) => edges.includes(property))),
  );
}

/** A step of the preview's stack itself, which holds the outputs. */
export function stackStep({ steps }: Preview): Step | undefined {
  return steps.find(({ urn }) => urn.includes("::pulumi:pulumi:Stack::"));
}

/** The service that a container runs. */
export function serviceOf({ before, after, name }: Change): string {
  const labels = [after.labels, before.labels].flatMap((list) =>
    Array.isArray(list) ? (list as unknown[]) : [],
  );
  const found = (labels as { label?: string; value?: string }[]).find(
    ({ label }) => label === "dating.service",
  );
  return found?.value ?? name;
}

function merge(steps: Step[], config: Preview["config"]): Change {
  const [{ urn }] = steps as [Step];
  const action = actionOf(steps);
  const before = steps.find(({ oldState }) => oldState)?.oldState?.inputs ?? {};
  const after =
    action === "delete"
      ? {}
      : ([...steps].reverse().find(({ newState }) => newState)?.newState?.inputs ?? {});
  const change: Change = {
    urn,
    name: urn.split("::").at(-1)!,
    type: urn.split("::").at(-2)!.split("$").at(-1)!,
    action,
    // The gate starts what the provider does not.
    stopFirst: action === "replace" && after.start === false,
    before,
    after,
    properties: action === "create" || action === "delete" ? [] : differing(steps, before, after),
  };
  const ofBot = change.type === types.container && serviceOf(change) === "bot";
  return ofBot ? { ...change, variables: changedVariables(steps, config) } : change;
}

function actionOf(steps: Step[]): Change["action"] {
  const ops = new Set(steps.map(({ op }) => op));
  if (["replace", "create-replacement", "delete-replaced", "import-replacement"].some((op) => ops.has(op)))
    return "replace";
  if (ops.has("delete") || ops.has("discard")) return "delete";
  return ops.has("update") ? "update" : "create";
}

/** Values that are both masked may differ: of these only the engine knows. */
function differing(steps: Step[], before: Change["before"], after: Change["after"]): string[] {
  const told = steps.flatMap(({ detailedDiff, diffReasons, replaceReasons }) => [
    ...Object.keys(detailedDiff ?? {}),
    ...(diffReasons ?? []),
    ...(replaceReasons ?? []),
  ]);
  // What the engine chose itself: the random name of a start-first container.
  const chosen = (after.__defaults as string[] | undefined) ?? [];
  const compared = [...Object.keys(before), ...Object.keys(after)].filter(
    (name) => !name.startsWith("__") && !chosen.includes(name) && plain(before[name]) !== plain(after[name]),
  );
  const masked = (name: string) => `${plain(before[name])}${plain(after[name])}`.includes("[secret]");
  const engine = told.map((path) => path.split(/[.[]/)[0]!).filter(masked);
  return [...new Set([...compared, ...engine])].sort();
}

/** A value as text, without the engine's own marks. */
export function plain(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === "__defaults" ? undefined : inner)) ?? "";
}
