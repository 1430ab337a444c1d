import type { Change } from "../../../ops/review/changes";
import { changesOf } from "../../../ops/review/changes";
import { risksOf, type Risk } from "../../../ops/review/risk/risks";
import { parsePreview } from "../../../ops/review/schema";

type Inputs = Record<string, unknown>;

/** A change as the engine's preview tells it: from what, to what. */
interface Told {
  type: string;
  name: string;
  before?: Inputs;
  after?: Inputs;
  op?: string;
}

/** What the review finds risky in a preview that has these steps alone. */
function risks(
  told: Told[],
  diagnostics: { severity: string; message: string }[] = [],
  revisions: string[] = [],
) {
  const steps = told.map(({ type, name, before, after, op }) => ({
    op: op ?? (before && after ? "update" : after ? "create" : "delete"),
    urn: `urn:pulumi:prod::dating::${type}::${name}`,
    ...(before && { oldState: { type, inputs: before } }),
    ...(after && { newState: { type, inputs: after } }),
  }));
  const preview = parsePreview(JSON.stringify({ steps, diagnostics }));
  const changes: Change[] = changesOf(preview);
  return risksOf(changes, { preview, pendingRevisions: revisions });
}

const container = (
  service: string,
  before: Inputs | undefined,
  after: Inputs | undefined,
  op?: string,
): Told => {
  const labels = [{ label: "dating.service", value: service }];
  return {
    ...{ type: "docker:index/container:Container", name: `dating-prod-${service}`, op },
    ...(before && { before: { labels, ...before } }),
    ...(after && { after: { labels, ...after } }),
  };
};
const of = (type: string, name: string, before?: Inputs, after?: Inputs, op?: string): Told => ({
  ...{ type, name, before, after, op },
});
const volume = "docker:index/volume:Volume";
const command = "command:local:Command";
const safe = { capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges:true"], readOnly: true };

/** Each rule with what sets it off, and what is like that and does not. */
const rules: [rule: string, told: Told[], found: Risk[]][] = [
  [
    "a Docker host that is another one",
    [of("pulumi:providers:docker", "docker", { host: "ssh://one" }, { host: "ssh://two" })],
    [{ title: "Docker host", text: "the stack goes to another Docker Engine, where its volumes are not" }],
  ],
  [
    "a provider of which something else changes",
    [of("pulumi:providers:docker", "docker", { version: "4.10.0" }, { version: "4.11.0" })],
    [],
  ],
  [
    "a volume that leaves the stack",
    [of(volume, "postgres_data", { name: "prod_data" })],
    [
      {
        title: "data volume",
        text: "postgres_data (prod_data) leaves the stack; what is in it does not move along",
      },
    ],
  ],
  [
    "a volume that gets another name",
    [of(volume, "postgres_data", { name: "one" }, { name: "two" }, "replace")],
    [
      {
        title: "data volume",
        text: "postgres_data (one → two) is replaced; what is in it does not move along",
      },
    ],
  ],
  [
    "a volume that its service empties itself",
    [of(volume, "backup-verify", { name: "prod", labels: [{ label: "dating.scratch", value: "x" }] })],
    [],
  ],
  ["a volume that is made", [of(volume, "redis_data", undefined, { name: "redis" })], []],
  [
    "other mounts",
    [
      container(
        "webapp",
        { ...safe, volumes: [{ volumeName: "one", containerPath: "/data" }] },
        { ...safe, volumes: [{ volumeName: "two", containerPath: "/data" }] },
        "replace",
      ),
    ],
    [{ title: "data volume", text: "webapp gets other mounts: one at /data → two at /data" }],
  ],
  [
    "another database",
    [
      of(
        command,
        "database-role",
        { environment: { DATABASE: "dating" } },
        { environment: { DATABASE: "other" } },
        "replace",
      ),
    ],
    [
      {
        title: "another database",
        text: "dating → other: what is in dating stays there, and the deploy is refused where other does not exist",
      },
    ],
  ],
  [
    "the same database, whose role is made again",
    [
      of(
        command,
        "database-role",
        { environment: { DATABASE: "dating" }, triggers: [1] },
        { environment: { DATABASE: "dating" }, triggers: [2] },
        "replace",
      ),
    ],
    [],
  ],
  [
    "a database that is replaced",
    [container("postgres", safe, { ...safe, image: "postgres:17" }, "replace")],
    [
      {
        title: "database replaced",
        text: "the bot has no database meanwhile; what is committed stays in the volume",
      },
    ],
  ],
  [
    "a database that is removed",
    [container("postgres", safe, undefined)],
    [
      {
        title: "database removed",
        text: "the bot has no database meanwhile; what is committed stays in the volume",
      },
      { title: "service removed", text: "postgres" },
    ],
  ],
  ["a database that is updated in its place", [container("postgres", safe, { ...safe, memory: 512 })], []],
  [
    "migrations that run without a new revision",
    [of(command, "migrations-upgrade", { triggers: [1] }, { triggers: [2] }, "replace")],
    [{ title: "migrations run", text: "`alembic upgrade head`, with no revision that is not there yet" }],
  ],
  [
    "a service that is stopped before its next one starts",
    [
      container(
        "backup",
        { ...safe, destroyGraceSeconds: 30 },
        { ...safe, start: false, image: "b" },
        "replace",
      ),
    ],
    [
      {
        title: "absence",
        text: "backup is stop-first: away from its stop (at most 30 s) until the new one answers, or the old one again",
      },
    ],
  ],
  [
    "the edge, without which nothing is answered",
    [container("traefik", safe, { ...safe, start: false, image: "b" }, "replace")],
    [
      {
        title: "absence",
        text: "traefik is stop-first: away from its stop (at most 10 s) until the new one answers, or the old one again; no request is answered meanwhile",
      },
    ],
  ],
  ["a service that is started first", [container("webapp", safe, { ...safe, image: "b" }, "replace")], []],
  [
    "a container that did not come up",
    [
      of(
        command,
        "postgres-healthy",
        { create: "node hooks/switch.mts" },
        { create: "node hooks/switch.mts", triggers: [2] },
        "replace",
      ),
    ],
    [
      {
        title: "absence",
        text: "postgres did not come up in the last deploy, and is tried again: away as long",
      },
    ],
  ],
  [
    "a service that leaves",
    [container("webapp", safe, undefined)],
    [{ title: "service removed", text: "webapp" }],
  ],
  [
    "a port that is published",
    [
      container(
        "webapp",
        { ...safe, ports: [{ ip: "127.0.0.1", external: 3000, internal: 8080 }] },
        {
          ...safe,
          ports: [
            { ip: "127.0.0.1", external: 3000, internal: 8080 },
            { ip: "0.0.0.0", external: 8080, internal: 8080 },
            { ip: "::", external: 8080, internal: 8080 },
          ],
        },
        "replace",
      ),
    ],
    [{ title: "port published", text: "webapp: 0.0.0.0:8080 → 8080, [::]:8080 → 8080" }],
  ],
  [
    "a port that is published no more",
    [
      container(
        "webapp",
        { ...safe, ports: [{ ip: "0.0.0.0", external: 80, internal: 80 }] },
        { ...safe },
        "replace",
      ),
    ],
    [],
  ],
  [
    "a network that gets a way out",
    [
      of(
        "docker:index/network:Network",
        "internal-network",
        { internal: true },
        { internal: false },
        "replace",
      ),
    ],
    [{ title: "network", text: "internal-network gets a way out" }],
  ],
  [
    "a network that loses its way out",
    [
      of(
        "docker:index/network:Network",
        "internal-network",
        { internal: false },
        { internal: true },
        "replace",
      ),
    ],
    [],
  ],
  [
    "a password that is generated anew",
    [
      of(
        "random:index/randomPassword:RandomPassword",
        "grafana-password",
        { length: 32 },
        { length: 40 },
        "replace",
      ),
    ],
    [{ title: "secret changed", text: "grafana-password is generated anew" }],
  ],
  [
    "a secret input",
    [of(command, "backup-role", { stdin: "[secret]" }, { stdin: "[secret] " })],
    [{ title: "secret changed", text: "backup-role: stdin" }],
  ],
  [
    "a dashboard that leaves",
    [of("grafana:oss/dashboard:Dashboard", "dashboard-overview", { configJson: "{}" })],
    [{ title: "dashboard removed", text: "dashboard-overview: what was edited in Grafana is lost" }],
  ],
  [
    "a dashboard that changes",
    [of("grafana:oss/dashboard:Dashboard", "a", { configJson: "1" }, { configJson: "2" })],
    [],
  ],
];

test.each(rules)("%s", (_, told, found) => expect(risks(told)).toEqual(found));

const privileges: [what: string, before: Inputs, after: Inputs][] = [
  ["gains CAP_NET_RAW", safe, { ...safe, capabilities: { drops: ["ALL"], adds: ["CAP_NET_RAW"] } }],
  ["no longer drops ALL", safe, { ...safe, capabilities: {} }],
  ["joins the network two", safe, { ...safe, networksAdvanced: [{ name: "two" }] }],
  ["loses no-new-privileges:true", safe, { ...safe, securityOpts: [] }],
  ["shares the host's pid namespace", safe, { ...safe, pidMode: "host" }],
  ["gets a writable root file system", safe, { ...safe, readOnly: false }],
  ["becomes privileged", safe, { ...safe, privileged: true }],
  ["runs as 0", { ...safe, user: "10001" }, { ...safe, user: "0" }],
  ["runs as the image's user", { ...safe, user: "10001" }, safe],
];

test.each(privileges)("a service that %s", (what, before, after) => {
  expect(risks([container("webapp", before, after, "replace")])).toEqual([
    { title: "privilege", text: `webapp ${what}` },
  ]);
});

test.each(privileges.filter(([what]) => !what.startsWith("runs as")))(
  "the way back is no risk: a service that %s",
  (_, before, after) => expect(risks([container("webapp", after, before, "replace")])).toEqual([]),
);

test("a path of the host is a risk, and so are the mounts that changed", () => {
  const after = { ...safe, volumes: [{ hostPath: "/etc", containerPath: "/etc" }] };
  expect(risks([container("webapp", safe, after, "replace")])).toEqual([
    { title: "data volume", text: "webapp gets other mounts: none → /etc at /etc" },
    { title: "privilege", text: "webapp mounts the host's /etc" },
  ]);
});

test("revisions that are pending are named", () => {
  const told = [of(command, "migrations-upgrade", { triggers: [1] }, { triggers: [2] }, "replace")];
  expect(risks(told, [], ["004_a", "005_b"])).toEqual([
    { title: "migrations pending", text: "004_a, 005_b: run before the new bot starts" },
  ]);
});

test("what the engine refuses is a risk, and what it only warns of is none", () => {
  const diagnostics = [
    { severity: "error", message: "error: it is protected\n" },
    { severity: "warning", message: "it may take long" },
  ];
  expect(risks([], diagnostics)).toEqual([{ title: "refused", text: "error: it is protected" }]);
});

test("an edit in Grafana that would be lost is a risk, as the program says it", () => {
  const message = "warning: Dashboard overview was edited in Grafana (version 2 by anna)\n";
  expect(risks([], [{ severity: "warning", message }])).toEqual([
    { title: "dashboard overwritten", text: "Dashboard overview was edited in Grafana (version 2 by anna)" },
  ]);
});
