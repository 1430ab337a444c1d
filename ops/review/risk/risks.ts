import { scratchLabel } from "../../../config/volumes";
import { plain, serviceOf, types, type Change } from "../changes";
import type { Preview } from "../schema";

/** Something that a reviewer has to look at before it is deployed. */
export interface Risk {
  /** As in "data volume", "migrations pending". */
  title: string;
  text: string;
}

type Rule = (changes: Change[], context: RiskContext) => Risk[];

/** What the rules know beside the changes. */
export interface RiskContext {
  preview: Preview;
  /** The revisions that this checkout has and the deployed schema has not, oldest first. */
  pendingRevisions: string[];
}

/** Every risk of a preview, the gravest first. */
export function risksOf(changes: Change[], context: RiskContext): Risk[] {
  return rules.flatMap((rule) => rule(changes, context));
}

const containers = (changes: Change[]) => changes.filter(({ type }) => type === types.container);
const list = (value: unknown) => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);
const text = (value: unknown) => (typeof value === "string" ? value : "");

const refused: Rule = (_, { preview }) =>
  preview.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => ({ title: "refused", text: message.trim().split("\n").slice(0, 4).join(" ") }));

const otherHost: Rule = (changes) =>
  changes
    .filter(({ type, properties }) => type === types.provider && properties.includes("host"))
    .map(() => ({
      title: "Docker host",
      text: "the stack goes to another Docker Engine, where its volumes are not",
    }));

const volumes: Rule = (changes) => [
  ...changes
    .filter(({ type, action, before }) => type === types.volume && action !== "create" && !isScratch(before))
    .map(({ name, action, before, after, properties }) => {
      const real = text(before.name);
      const moved = properties.includes("name") ? ` (${real} → ${text(after.name)})` : ` (${real})`;
      const verb = { create: "", update: "changes", replace: "is replaced", delete: "leaves the stack" }[
        action
      ];
      return { title: "data volume", text: `${name}${moved} ${verb}; what is in it does not move along` };
    }),
  ...containers(changes)
    .filter(({ action, properties }) => action !== "create" && properties.includes("volumes"))
    .map((change) => ({
      title: "data volume",
      text: `${serviceOf(change)} gets other mounts: ${mounts(change.before)} → ${mounts(change.after)}`,
    })),
];

const database: Rule = (changes) =>
  containers(changes)
    .filter((change) => serviceOf(change) === "postgres" && /replace|delete/.test(change.action))
    .map(({ action }) => ({
      title: `database ${action === "replace" ? "replaced" : "removed"}`,
      text: "the bot has no database meanwhile; what is committed stays in the volume",
    }));

/** Another name is another database; what makes it refuses to make one beside the application's data. */
const otherDatabase: Rule = (changes) =>
  changes
    .filter(
      ({ name, type, action }) => name === "database-role" && type === types.command && action !== "delete",
    )
    .flatMap(({ before, after }) => {
      const [from, to] = [before, after].map(({ environment }) =>
        text((environment as Record<string, unknown> | undefined)?.DATABASE),
      );
      if (!from || !to || from === to) return [];
      return [
        {
          title: "another database",
          text: `${from} → ${to}: what is in ${from} stays there, and the deploy is refused where ${to} does not exist`,
        },
      ];
    });

const migrations: Rule = (changes, { pendingRevisions }) => {
  const runs = changes.some(
    ({ name, action }) => name === "migrations-upgrade" && /create|replace/.test(action),
  );
  if (!runs) return [];
  if (pendingRevisions.length > 0)
    return [
      { title: "migrations pending", text: `${pendingRevisions.join(", ")}: run before the new bot starts` },
    ];
  return [
    { title: "migrations run", text: "`alembic upgrade head`, with no revision that is not there yet" },
  ];
};

const whileAway: Readonly<Record<string, string>> = {
  traefik: "; no request is answered meanwhile",
  bot: "; its requests are answered with 503 meanwhile",
};

const absences: Rule = (changes) =>
  containers(changes)
    .filter(({ action, stopFirst }) => action === "replace" && stopFirst)
    .map((change) => {
      const stop = Number(change.before.destroyGraceSeconds ?? change.before.stopTimeout ?? 10);
      return {
        title: "absence",
        text:
          `${serviceOf(change)} is stop-first: away from its stop (at most ${stop} s) until the new one answers, or the old one again` +
          (whileAway[serviceOf(change)] ?? ""),
      };
    });

/** A new container that did not come up is tried again: the deploy that failed has put the old one back. */
const retries: Rule = (changes) =>
  changes
    .filter(({ type, action, after }) => type === types.command && action === "replace" && switches(after))
    .filter(({ name }) => !containers(changes).some((change) => `${serviceOf(change)}-healthy` === name))
    .map(({ name }) => ({
      title: "absence",
      text: `${name.replace(/-healthy$/, "")} did not come up in the last deploy, and is tried again: away as long`,
    }));

const switches = ({ create }: Record<string, unknown>) => String(create).endsWith("hooks/switch.mts");

const removals: Rule = (changes) =>
  containers(changes)
    .filter(({ action }) => action === "delete")
    .map((change) => ({ title: "service removed", text: serviceOf(change) }));

const ports: Rule = (changes) =>
  containers(changes).flatMap((change) => {
    const published = ({ ports: all }: Record<string, unknown>) =>
      list(all).map(
        ({ ip, external, internal }) => `${hostOf(text(ip))}:${plain(external)} → ${plain(internal)}`,
      );
    const before = published(change.before);
    const added = published(change.after).filter((port) => !before.includes(port));
    if (added.length === 0) return [];
    return [{ title: "port published", text: `${serviceOf(change)}: ${added.join(", ")}` }];
  });

/** An address as it stands before a port. */
const hostOf = (ip: string) => (ip.includes(":") ? `[${ip}]` : ip);

const privileges: Rule = (changes) =>
  containers(changes)
    .filter(({ action }) => action !== "delete")
    .flatMap((change) =>
      (change.action === "create" ? privilegesOf(change.after) : widened(change)).map((what) => ({
        title: "privilege",
        text: `${serviceOf(change)} ${what}`,
      })),
    );

const networks: Rule = (changes) =>
  changes
    .filter(
      ({ type, before, after }) => type === types.network && before.internal === true && !after.internal,
    )
    .map(({ name }) => ({ title: "network", text: `${name} gets a way out` }));

const secrets: Rule = (changes) =>
  changes
    .filter(({ action }) => action === "update" || action === "replace")
    .flatMap(({ type, name, properties, before, after, variables }) => {
      if (type === types.password) return [`${name} is generated anew`];
      const masked = properties.filter((property) =>
        `${plain(before[property])}${plain(after[property])}`.includes("[secret]"),
      );
      return masked.flatMap((property) =>
        property === "envs" && variables
          ? variables.filter(({ secret }) => secret).map((variable) => `${name}: ${variable.name}`)
          : [`${name}: ${property}`],
      );
    })
    .map((what) => ({ title: "secret changed", text: what }));

const dashboards: Rule = (changes, { preview }) => [
  // What the program itself says, which asked Grafana.
  ...preview.diagnostics
    .map(({ message }) => message.trim().replace(/^warning: /, ""))
    .filter((message) => /^Dashboard \S+ was edited/.test(message))
    .map((message) => ({ title: "dashboard overwritten", text: message })),
  ...changes
    .filter(({ type, action }) => /^grafana:.*:Dashboard$/.test(type) && action === "delete")
    .map(({ name }) => ({ title: "dashboard removed", text: `${name}: what was edited in Grafana is lost` })),
];

/** In the order in which a reviewer should read them. */
const rules: Rule[] = [
  ...[refused, otherHost, volumes, otherDatabase, database, migrations, absences, retries, removals],
  ...[ports, privileges, networks, secrets, dashboards],
];

/** Whether a volume is one that its service empties itself. */
const isScratch = ({ labels }: Record<string, unknown>) => names(labels, "label").includes(scratchLabel);

function mounts({ volumes: all }: Record<string, unknown>): string {
  return (
    list(all)
      .map((m) => `${text(m.volumeName) || text(m.hostPath)} at ${text(m.containerPath)}`)
      .join(", ") || "none"
  );
}

/** What a new container may do that no other may. */
function privilegesOf(state: Record<string, unknown>): string[] {
  const gained = capabilitiesOf(state, "adds");
  return [
    ...(gained.length > 0 ? [`has ${gained.join(", ")}`] : []),
    ...(capabilitiesOf(state, "drops").includes("ALL") ? [] : ["keeps Docker's own capabilities"]),
    ...pathsOf(state).map((path) => `mounts the host's ${path}`),
    ...(state.privileged === true ? ["is privileged"] : []),
    ...namespacesOf(state),
  ];
}

const names = (value: unknown, key: string) => list(value).map((item) => text(item[key]));
const pathsOf = (state: Record<string, unknown>) => names(state.volumes, "hostPath").filter(Boolean);
const capabilitiesOf = (state: Record<string, unknown>, key: string) =>
  (state.capabilities as Record<string, string[]> | undefined)?.[key] ?? [];
const namespacesOf = (state: Record<string, unknown>) =>
  ["networkMode", "pidMode", "ipcMode", "usernsMode"]
    .filter((mode) => state[mode] === "host")
    .map((mode) => `shares the host's ${mode.replace("Mode", "")} namespace`);

/** What a container may do afterwards that it may not do now. */
function widened({ before, after }: Change): string[] {
  const more = (from: string[], to: string[]) => to.filter((item) => !from.includes(item));
  const options = (state: Record<string, unknown>) => (state.securityOpts as string[] | undefined) ?? [];
  const gained = more(capabilitiesOf(before, "adds"), capabilitiesOf(after, "adds"));
  const kept = more(capabilitiesOf(after, "drops"), capabilitiesOf(before, "drops"));
  const joined = more(names(before.networksAdvanced, "name"), names(after.networksAdvanced, "name"));
  const dropped = more(options(after), options(before));
  const paths = more(pathsOf(before), pathsOf(after));
  return [
    ...gained.map((capability) => `gains ${capability}`),
    ...kept.map((capability) => `no longer drops ${capability}`),
    ...joined.map((network) => `joins the network ${network}`),
    ...dropped.map((option) => `loses ${option}`),
    ...paths.map((path) => `mounts the host's ${path}`),
    ...more(namespacesOf(before), namespacesOf(after)),
    ...(before.readOnly === true && after.readOnly !== true ? ["gets a writable root file system"] : []),
    ...(before.privileged !== true && after.privileged === true ? ["becomes privileged"] : []),
    ...(before.user !== after.user ? [`runs as ${text(after.user) || "the image's user"}`] : []),
  ];
}
