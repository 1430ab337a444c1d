import { readFileSync } from "node:fs";
import { join } from "node:path";

import type * as pulumi from "@pulumi/pulumi";
import { provisionsRole } from "../../../ops/guarded";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";

const token = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI";
const resources: MockResourceArgs[] = [];

interface ContainerInputs {
  name?: string;
  capabilities: { drops: string[] };
  envs?: unknown[];
  healthcheck: { tests: string[]; interval: string };
  image: string;
  labels: { label: string; value: string }[];
  command?: string[];
  logDriver: string;
  logOpts: Record<string, string>;
  memory: number;
  memorySwap: number;
  networksAdvanced: { name: string }[];
  ports?: { ip: string; external: number }[];
  readOnly: boolean;
  volumes?: object[];
  restart: string;
  securityOpts: string[];
  uploads?: unknown[];
}

/** What is not of this project is loaded once, as it takes longer than the program does. */
const libraries = [
  "@pulumi/command",
  "@pulumi/docker",
  "@pulumi/pulumi",
  // The packages of providers load their classes late, and this with them.
  "@pulumi/pulumi/runtime",
  "@pulumi/random",
  "@pulumiverse/grafana",
  "js-yaml",
  "zod",
].map((name): [string, unknown] => [name, jest.requireActual(name)]);

/** Runs the whole program against mocks and returns its containers by service. */
async function deploy(config: Record<string, string> = {}): Promise<Record<string, ContainerInputs>> {
  resources.length = 0;
  jest.resetModules();
  for (const [name, loaded] of libraries) jest.doMock(name, () => loaded);
  jest.requireActual<{ lookAway: () => void }>("../../../host/look").lookAway();
  const runtime = jest.requireMock<typeof pulumi>("@pulumi/pulumi");
  await runtime.runtime.setMocks(
    {
      newResource: (args) => {
        resources.push(args);
        return { id: `${args.name}-id`, state: { name: args.name, ...args.inputs, result: "generated" } };
      },
      call: ({ inputs }) => inputs,
    },
    "dating",
    "dev",
    // As in a preview, no image is brought to the Docker host.
    true,
  );
  runtime.runtime.setAllConfig(
    { "dating:domain": "localhost", "dating:localImages": "true", "dating:botToken": token, ...config },
    ["dating:botToken", "dating:botSecrets", "dating:password", "dating:backupCredentials"],
  );
  const limit = Error.stackTraceLimit;
  // The SDK reads a trace for each promise, and Jest maps every frame of it.
  Error.stackTraceLimit = 0;
  try {
    const outputs = jest.requireActual<{ volumes: pulumi.Output<unknown> }>("../../..");
    await new Promise((resolve) => outputs.volumes.apply(resolve));
    // Resources that depend on others are registered some turns later.
    await runtime.runtime.disconnect();
  } finally {
    Error.stackTraceLimit = limit;
  }
  return Object.fromEntries(
    resources
      .filter(({ type }) => type === "docker:index/container:Container")
      .map(({ name, inputs }) => [name.replace("dating-dev-", ""), inputs as ContainerInputs]),
  );
}

test("every service has what all services share", async () => {
  const containers = await deploy();
  expect(Object.keys(containers).sort()).toEqual([
    "backup",
    "bot",
    "postgres",
    "socket-proxy",
    "traefik",
    "webapp",
  ]);
  for (const [service, inputs] of Object.entries(containers)) {
    expect(inputs).toMatchObject({
      capabilities: { drops: ["ALL"] },
      healthcheck: { tests: ["CMD-SHELL", expect.any(String)], interval: expect.stringMatching(/^\d+s$/) },
      logDriver: "json-file",
      logOpts: { "max-file": "3", "max-size": "10m" },
      memorySwap: inputs.memory,
      restart: "unless-stopped",
      // The one that opens the Docker socket could not with a label of SELinux.
      securityOpts: [...(service === "socket-proxy" ? ["label=disable"] : []), "no-new-privileges:true"],
    });
    expect(inputs.labels).toEqual(
      expect.arrayContaining([
        { label: "dating.service", value: service },
        { label: "dating.stack", value: "dating-dev" },
      ]),
    );
  }
});

test("monitoring adds its services, publishes Grafana on loopback only, and leaves the others as they are", async () => {
  const without = await deploy();
  const containers = await deploy({ "dating:monitoring": "true" });
  const added = [
    ...[
      "alertmanager",
      "alloy",
      "cadvisor",
      "grafana",
      "loki",
      "node-exporter",
      "postgres-exporter",
      "prometheus",
    ],
  ];
  expect(Object.keys(containers).sort()).toEqual([...Object.keys(without), ...added].sort());
  expect(containers).toMatchObject(without);
  const ports = added.flatMap((service) => (containers[service]?.ports ?? []) as object[]);
  expect(ports).toEqual([{ internal: 3000, external: 3000, ip: "127.0.0.1" }]);
});

test("cAdvisor needs nothing of where the Docker Engine keeps images, and sees no socket", async () => {
  const { cadvisor } = await deploy({ "dating:monitoring": "true" });
  expect(cadvisor?.volumes).toEqual([
    { hostPath: "/sys/fs/cgroup", containerPath: "/sys/fs/cgroup", readOnly: true },
  ]);
});

test("a stack can have Promtail instead of Alloy, and Prometheus asks the one that it has", async () => {
  const monitoring = { "dating:monitoring": "true" };
  const [alloy, promtail] = [
    await deploy(monitoring),
    await deploy({ ...monitoring, "dating:logCollector": "promtail" }),
  ];
  const asked = (containers: Record<string, ContainerInputs>) =>
    /- job_name: (alloy|promtail)\n +static_configs:\n +- targets:\n +- (\S+)/
      .exec(JSON.parse(JSON.stringify(containers.prometheus!.uploads))[0].content as string)
      ?.slice(1);
  expect(asked(alloy)).toEqual(["alloy", "alloy:12345"]);
  expect(asked(promtail)).toEqual(["promtail", "promtail:9080"]);
  expect(Object.keys(promtail).sort()).toEqual(
    Object.keys(alloy)
      .map((name) => (name === "alloy" ? "promtail" : name))
      .sort(),
  );
});

test("memory limits have the documented defaults and can be set", async () => {
  const limits = (containers: Record<string, ContainerInputs>) =>
    Object.fromEntries(Object.entries(containers).map(([service, { memory }]) => [service, memory]));
  const defaults = {
    backup: 256,
    bot: 512,
    postgres: 512,
    "socket-proxy": 64,
    traefik: 256,
    webapp: 128,
  };
  expect(limits(await deploy())).toEqual(defaults);
  expect(limits(await deploy({ "dating:memory": '{"bot":"1 GiB"}' }))).toEqual({ ...defaults, bot: 1024 });
});

test("each container gets a name of its own; what owns a port or a volume is started by its gate, what rolls can be drained", async () => {
  const containers = await deploy();
  expect(
    Object.values(containers)
      .map(({ name }) => name)
      .filter(Boolean),
  ).toEqual([]);
  for (const service of ["traefik", "postgres"]) {
    expect(containers[service]).toMatchObject({ start: false, mustRun: false });
  }
  for (const service of ["bot", "webapp"]) {
    expect(containers[service]).not.toHaveProperty("start");
    expect(containers[service]?.healthcheck.tests[1]).toContain("test ! -e /tmp/drain || exit 1");
  }
});

test("two releases with different routes never define one router differently", async () => {
  const routers = async (domain: string) =>
    (await deploy({ "dating:domain": domain })).bot!.labels.flatMap(
      ({ label }) => /^traefik\.http\.routers\.([^.]+)\.rule$/.exec(label)?.[1] ?? [],
    );
  const [one] = await routers("one.example.com");
  expect(await routers("one.example.com")).toEqual([one]);
  expect(await routers("two.example.com")).not.toEqual([one]);
});

test("only the edge publishes a port, and the database is on the internal network alone", async () => {
  const containers = await deploy({ "dating:httpPort": "8088" });
  const published = Object.entries(containers).filter(([, { ports }]) => (ports?.length ?? 0) > 0);
  expect(published.map(([service, { ports }]) => [service, ports?.[0]?.external])).toEqual([
    ["traefik", 8088],
  ]);
  expect(containers.postgres?.networksAdvanced.map(({ name }) => name)).toEqual(["dating-dev-internal"]);
});

test("an edge behind another's is found by it under its name, asks for the password, and is published on loopback alone", async () => {
  const password = "correct-horse-battery";
  const { traefik, bot } = await deploy({
    "dating:domain": "pr-1.staging.example.com",
    "dating:behind": "staging",
    "dating:behindTls": "acme",
    "dating:behindPort": "443",
    "dating:password": password,
  });
  // As a whole, as Pulumi keeps a list with a secret in it.
  const { value: list } = traefik!.labels as unknown as { value: ContainerInputs["labels"] };
  const labels = Object.fromEntries(list.map(({ label, value }) => [label, value]));
  const router = "traefik.http.routers.dating-dev";
  expect(labels).toMatchObject({
    "dating.behind": "dating-staging",
    "traefik.docker.network": "dating-staging-previews",
    [`${router}.rule`]: "Host(`pr-1.staging.example.com`)",
    [`${router}.entrypoints`]: "websecure",
    [`${router}.tls.certresolver`]: "letsencrypt",
    [`${router}.middlewares`]: "dating-dev-password",
    [`${router}-token.rule`]:
      "Host(`pr-1.staging.example.com`) && HeaderRegexp(`Authorization`, `^(Bearer|tma) `)",
  });
  expect(Object.keys(labels)).not.toContain(`${router}-token.middlewares`);
  // What `printf %s correct-horse-battery | openssl dgst -sha1 -binary | base64` prints.
  const user = labels["traefik.http.middlewares.dating-dev-password.basicauth.users"];
  expect(JSON.stringify(user)).toContain("preview:{SHA}+Xl5/0SpoaQQX0uub+gJcV4KCoQ=");
  expect(traefik!.ports).toEqual([{ internal: 8000, external: 80, ip: "127.0.0.1" }]);
  expect(traefik!.networksAdvanced.map(({ name }) => name)).toContain("dating-staging-previews");
  expect(traefik!.command).toContain(
    "--providers.docker.constraints=Label(`dating.stack`, `dating-dev`) && !Label(`dating.behind`, `dating-staging`)",
  );
  expect(bot!.labels.filter(({ label }) => label === "dating.behind")).toEqual([]);
  expect(JSON.stringify(bot!.envs)).toContain("WEBAPP_URL=https://pr-1.staging.example.com");
});

test("an edge that serves preview environments reaches them on a network of their own", async () => {
  const { traefik } = await deploy({ "dating:previewDomain": "example.com" });
  expect(traefik!.command).toContain(
    "--providers.docker.constraints=Label(`dating.stack`, `dating-dev`) || Label(`dating.behind`, `dating-dev`)",
  );
  expect(traefik!.networksAdvanced.map(({ name }) => name)).toContain("dating-dev-previews");
  const networks = resources.filter(({ type }) => type === "docker:index/network:Network");
  expect(networks.find(({ name }) => name === "previews-network")!.inputs).toMatchObject({ internal: true });
  expect(traefik!.labels.map(({ label }) => label)).not.toContain("traefik.enable");
});

test("the networks divide the configured range; without one, the Docker Engine chooses", async () => {
  const ranges = () =>
    resources
      .filter(({ type }) => type === "docker:index/network:Network")
      .map(({ name, inputs }) => [name, inputs.ipamConfigs as unknown]);
  await deploy({ "dating:networkRange": "198.18.7.0/24" });
  expect(Object.fromEntries(ranges())).toEqual({
    "edge-network": [{ subnet: "198.18.7.0/26", gateway: "198.18.7.1" }],
    "internal-network": [{ subnet: "198.18.7.64/26", gateway: "198.18.7.65" }],
    "docker-api-network": [{ subnet: "198.18.7.128/26", gateway: "198.18.7.129" }],
    "monitoring-network": [{ subnet: "198.18.7.192/27", gateway: "198.18.7.193" }],
  });
  await deploy();
  expect(ranges().map(([, range]) => range)).toEqual([undefined, undefined, undefined]);
}, 20_000);

test("volumes carry the stack's name unless the configuration names existing ones", async () => {
  const names = () =>
    resources
      .filter(({ type }) => type === "docker:index/volume:Volume")
      .map(({ inputs }) => String(inputs.name));
  await deploy();
  expect(names().sort()).toEqual([
    "dating-dev_backup_data",
    "dating-dev_grafana_data",
    "dating-dev_loki_data",
    "dating-dev_photo_storage",
    "dating-dev_postgres_data",
    "dating-dev_prometheus_data",
    "dating-dev_traefik_certs",
  ]);
  await deploy({ "dating:volumes": '{"postgres_data":"dating_postgres_data"}' });
  expect(names()).toContain("dating_postgres_data");
});

test("the database password depends on its version in the configuration and on nothing else", async () => {
  const keepers = async (config: Record<string, string>) => {
    await deploy(config);
    const find = (name: string) =>
      resources.find((resource) => resource.name === name)?.inputs.keepers as unknown;
    return {
      application: find("database-password"),
      backups: find("backup-password"),
      superuser: find("database-superuser-password"),
    };
  };
  const first = { version: "1" };
  expect(await keepers({})).toEqual({ application: first, backups: first, superuser: first });
  expect(await keepers({ "dating:databasePasswordVersion": "2" })).toEqual({
    application: { version: "2" },
    backups: { version: "2" },
    superuser: first,
  });
});

test("wrong configuration stops the program before any resource", async () => {
  await expect(deploy({ "dating:httpPort": "x" })).rejects.toThrow("dating:httpPort must be a whole number");
  expect(resources).toEqual([]);
});

test("commands on another Docker host are told its address", async () => {
  await deploy({ "dating:dockerHost": "ssh://deploy@example.com" });
  const commands = resources.filter(({ type }) => type === "command:local:Command");
  expect(commands.length).toBeGreaterThan(4);
  for (const { inputs } of commands) {
    expect(inputs).toMatchObject({ environment: { DOCKER_HOST: "ssh://deploy@example.com" } });
  }
});

test("the commands that make roles are those that a restore and a look for drift take for such", async () => {
  await deploy({ "dating:monitoring": "true" });
  const found = resources.filter(({ inputs }) => provisionsRole({ inputs }));
  expect(found.map(({ name }) => name).sort()).toEqual([
    "backup-role",
    "database-role",
    "postgres-exporter-role",
  ]);
});

test("every command that is given a secret hides it, and every one but the health gates ends in time", async () => {
  await deploy({ "dating:monitoring": "true" });
  const commands = resources.filter(({ type }) => type === "command:local:Command");
  // These have a time limit of their own.
  const isGate = ({ name }: { name: string }) => /-healthy$|^routes-served$/.test(name);
  const guarded = commands.filter((command) => !isGate(command));
  expect(guarded.length).toBeGreaterThan(6);
  for (const { inputs } of guarded) {
    expect(inputs.create ?? inputs.delete).toMatch(/^node hooks\/guarded\.mjs --limit \d+ /);
    const { environment, stdin } = inputs as { environment: Record<string, unknown>; stdin?: unknown };
    for (const [variable, value] of Object.entries(environment)) {
      if (JSON.stringify(value).includes("generated"))
        expect(inputs.create).toContain(`--secret ${variable} `);
    }
    if (stdin !== undefined) expect(JSON.stringify(stdin)).toContain("generated");
  }
  for (const { inputs } of commands.filter(isGate)) {
    expect(JSON.stringify(inputs)).not.toContain("generated");
  }
});

test("the migrations run again where the database is another one: by its volume, or by its name", async () => {
  await deploy({ "dating:databaseName": "matching", "dating:volumes": '{"postgres_data":"of_another"}' });
  const { inputs } = resources.find(({ name }) => name === "migrations-upgrade")!;
  expect(inputs.triggers).toEqual([expect.any(String), "of_another", "matching"]);
});

test("the bot's own secrets reach its container as secrets, in every place where they are registered", async () => {
  const botSecrets = { SENTRY_DSN: "https://key@sentry.example.com/1", PEM: "line one\nline two" };
  const { bot } = await deploy({
    "dating:botSecrets": JSON.stringify(botSecrets),
    "dating:botEnvironment": JSON.stringify({ FEATURE: "on" }),
  });
  // As the SDK marks a secret on its way to the engine: the whole list is one.
  expect(bot!.envs).toEqual({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value: expect.arrayContaining([
      "FEATURE=on",
      ...Object.entries(botSecrets).map(([name, value]) => `${name}=${value}`),
    ]),
  });
  for (const value of Object.values(botSecrets)) {
    const written = JSON.stringify(value).slice(1, -1);
    const holders = resources.filter(({ inputs }) => JSON.stringify(inputs).includes(written));
    expect(holders.map(({ name }) => name)).toEqual(["dating-dev-bot"]);
  }
});

test("the recorded previews are of today's program (`make recordings` makes them anew)", async () => {
  await deploy();
  const file = join(__dirname, "../previews/first-deploy.json");
  const { steps } = JSON.parse(readFileSync(file, "utf8")) as {
    steps: { urn: string; newState: { type: string; inputs?: Record<string, unknown> } }[];
  };
  /** With the inputs of a container that the program gives it; what a network gets depends on the Docker host. */
  const shapeOf = (type: string, name: string, inputs: Record<string, unknown> = {}) => {
    const defaults = (inputs.__defaults ?? []) as string[];
    const given = Object.entries(inputs)
      .filter(([key, value]) => key !== "__defaults" && !defaults.includes(key) && value !== undefined)
      .map(([key]) => key);
    return type.endsWith(":Container") ? `${type} ${name}: ${given.sort().join(", ")}` : `${type} ${name}`;
  };
  const ofStack = ({ urn }: { urn: string }) => urn.includes("::pulumi:pulumi:Stack::");
  const recorded = steps
    .filter((step) => !ofStack(step))
    .map(({ urn, newState: { type, inputs } }) =>
      shapeOf(type, urn.split("::").at(-1)!.replace("dating-example", "dating-dev"), inputs),
    );
  const today = resources.map(({ type, name, inputs }) =>
    shapeOf(type, name, inputs as Record<string, unknown>),
  );
  expect(recorded.sort()).toEqual(today.sort());
});

describe("continuous backups", () => {
  const places = {
    "dating:backupRepositories": '["volume","s3://people/dating?region=eu-central-1"]',
    "dating:backupCredentials": '{"s3Key":"the key","s3Secret":"the secret"}',
  };
  const text = (value: unknown) => JSON.stringify(value);

  test("are nowhere without a place", async () => {
    const { backup, postgres } = await deploy();
    expect(text({ backup, postgres })).not.toMatch(/archive|pgbackrest|continuous|readOnly":true/i);
    expect(resources.filter(({ name }) => name.includes("passphrase"))).toEqual([]);
  });

  test("read the files of Postgres and never write them, and are encrypted in each place", async () => {
    const { backup, postgres } = await deploy(places);
    expect(backup!.volumes).toContainEqual({
      ...{ volumeName: "dating-dev_postgres_data", containerPath: "/var/lib/postgresql/data" },
      readOnly: true,
    });
    const file = text(backup!.uploads);
    for (const place of [1, 2]) expect(file).toContain(`repo${place}-cipher-pass=generated`);
    expect(file).toContain("repo2-s3-key=the key");
    expect(text(postgres!.uploads)).not.toContain("the key");
    expect(text(postgres)).toContain("archive_command=bash /etc/pgbackrest-archive.sh %f 64");
  });

  test("have a way out only to a place that is elsewhere", async () => {
    const networks = async (config: Record<string, string>) =>
      (await deploy(config)).backup!.networksAdvanced.map(({ name }) => name);
    expect(await networks(places)).toContain("dating-dev-edge");
    expect(await networks({ "dating:backupRepositories": '["volume"]' })).not.toContain("dating-dev-edge");
  });
});

describe("the restores that show whether backups are good", () => {
  const weekly = { "dating:backupVerify": "45 4 * * 0" };
  const scratch = () => resources.filter(({ name }) => name === "backup-verify");

  test("are nowhere unless they are asked for", async () => {
    const { backup, ...others } = await deploy({ "dating:backupRepositories": '["volume"]' });
    expect(JSON.stringify(backup)).not.toMatch(/verif/i);
    expect(Object.keys(others)).not.toContain("backup-verifier");
    expect(scratch()).toEqual([]);
  });

  test("have a server of the stack's own Postgres, without rights, a way out or any of the stack's data", async () => {
    const { "backup-verifier": verifier, backup, postgres } = await deploy(weekly);
    expect(verifier).toMatchObject({
      image: postgres!.image,
      user: "postgres",
      capabilities: { drops: ["ALL"] },
      networksAdvanced: [{ name: "dating-dev-internal", aliases: ["backup-verifier"] }],
    });
    expect(verifier!.capabilities).not.toHaveProperty("adds");
    expect(verifier!.volumes ?? []).toEqual([]);
    expect(backup!.envs).toContain("BACKUP_VERIFY=45 4 * * 0");
    expect(backup!.networksAdvanced).toContainEqual({ name: "dating-dev-internal", aliases: ["backup"] });
    expect(scratch()).toEqual([]);
  });

  test("get the files of a base backup on a volume of their own, which is no data", async () => {
    const { "backup-verifier": verifier, backup } = await deploy({
      ...weekly,
      "dating:backupRepositories": '["volume"]',
    });
    const shared = { volumeName: "dating-dev_backup_verify", containerPath: "/verify" };
    expect(verifier!.volumes).toEqual([shared]);
    expect(backup!.volumes).toContainEqual(shared);
    expect(scratch()[0]!.inputs.labels).toContainEqual({ label: "dating.scratch", value: "backup-verifier" });
  });
});
