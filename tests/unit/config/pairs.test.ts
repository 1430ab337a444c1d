import { BlockList } from "node:net";

import fc from "fast-check";

import { parseConfig, type PlainConfig } from "../../../config";
import { botVariables } from "../../../config/bot-variables";
import { serviceNames, type ServiceName } from "../../../config/keys";
import { leastMemory, memoryLimits } from "../../../config/memory";
import { buffersOf } from "../../../config/postgres-settings";
import { ConfigurationError } from "../../../config/problems";
import { toMebibytes } from "../../../config/units";
import { volumeNames } from "../../../config/volumes";
import { problemsOf, raw, token, valid } from "../support/config";

const json = JSON.stringify;
const told = (values: Record<string, unknown>, secretKeys: string[] = []) =>
  problemsOf(
    {
      ...valid,
      ...Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : json(value)]),
      ),
    },
    ["botToken", ...secretKeys],
  ).map(({ key, problem }) => `${key} ${problem}`);

test.each<[what: string, values: Record<string, unknown>, problem: string]>([
  [
    "one volume for two",
    { volumes: { postgres_data: "data", backup_data: "data" } },
    "dating:volumes.backup_data is data, which is postgres_data's volume; each has one of its own",
  ],
  [
    "the volume that another one has by default",
    { volumes: { postgres_data: "dating-prod_backup_data" } },
    "dating:volumes.postgres_data is dating-prod_backup_data, which is backup_data's volume; each has one of its own",
  ],
  [
    "a chat without anything that sends",
    { alertChatId: "-100" },
    "dating:alertChatId is set, and monitoring is not: nothing sends an alert",
  ],
  [
    "a sign of life without anything that gives it",
    { heartbeatUrl: "https://hc.example.com/ping/1" },
    "dating:heartbeatUrl is set, and monitoring is not: nothing calls it",
  ],
  [
    "a bot for alerts without a chat",
    { alertBotToken: token, monitoring: "true" },
    "dating:alertBotToken is set, and alertChatId is not: nobody gets an alert",
  ],
  [
    "Postgres with the least that Docker takes",
    { memory: { postgres: "6 MiB" } },
    "dating:memory.postgres must be at least 64 MiB: with less it does not start",
  ],
  [
    "a setting that takes the server's log away",
    { postgresSettings: { logging_collector: "on" } },
    "dating:postgresSettings.logging_collector is not a stack's to set: it would take the log away from Docker, which rotates it and gives it to Loki",
  ],
  [
    "a setting that loses what was committed",
    { postgresSettings: { fsync: "off" } },
    "dating:postgresSettings.fsync is not a stack's to set: it keeps what was committed, also when the power fails",
  ],
  [
    "a cache that leaves queries no memory",
    { postgresSettings: { shared_buffers: "0.5GB" } },
    "dating:postgresSettings.shared_buffers must be at most half of Postgres's 512 MiB of memory: the rest is its queries'",
  ],
  [
    "a setting with no name that there is",
    { postgresSettings: { "max-connections": "5" } },
    "dating:postgresSettings.max-connections must be the name of a server setting",
  ],
  [
    "an extension by a name that SQL does not take",
    { databaseExtensions: ["pg_trgm", "; DROP"] },
    "dating:databaseExtensions.1 must be the name of an extension",
  ],
  ...["/tmp/cache", "/app/photos", "/app", "/proc/sys"].map(
    (folder): [string, Record<string, unknown>, string] => [
      `${folder} as a folder to write`,
      { botWritable: [folder] },
      "dating:botWritable.0 is a folder that the bot has already, or that cannot be given to it",
    ],
  ),
  [
    "a health command of two lines",
    { botHealthCommand: "true\nfalse" },
    "dating:botHealthCommand must be one line",
  ],
  [
    "a Mini App that Telegram does not open",
    { tls: "acme", webappUrl: "http://dating.example.com" },
    "dating:webappUrl must be an https:// address where tls is not off",
  ],
  ...["127.0.0.0/24", "0.0.7.0/24", "169.254.1.0/24", "224.0.0.0/24", "255.255.255.0/24"].map(
    (networkRange): [string, Record<string, unknown>, string] => [
      `networks in ${networkRange}`,
      { networkRange },
      "dating:networkRange is of those that a machine keeps for itself, or that are no machine's; choose another, as in 198.18.7.0/24",
    ],
  ),
  ...[
    "https://registry.example.com/bot:1",
    "two words",
    "Bot:1",
    "-host.com/bot",
    "a//b",
    "f".repeat(64),
  ].map((bot): [string, Record<string, unknown>, string] => [
    `the image ${bot}`,
    { images: { bot } },
    "dating:images.bot must be an image reference, as in registry.example.com/dating/bot:1.0.0",
  ]),
  [
    "an address with a port that there is not",
    { photoCdnUrl: "https://cdn.example.com:99999" },
    "dating:photoCdnUrl must be an address whose host and port there can be",
  ],
])("%s is refused", (_, values, problem) => {
  expect(told(values, ["alertBotToken", "heartbeatUrl"])).toEqual([problem]);
});

test("what is near it is accepted", () => {
  expect(
    told(
      {
        ...{
          monitoring: "true",
          alertChatId: "-100",
          alertBotToken: token,
          tls: "acme",
          networkRange: "10.0.7.0/24",
        },
        volumes: { postgres_data: "a1", backup_data: "b1", photo_storage: "dating-prod_photo_storage" },
        memory: leastMemory,
        postgresSettings: {
          shared_buffers: "4096",
          max_connections: 200,
          "auto_explain.log_min_duration": "1s",
        },
        databaseExtensions: ["pg_trgm", "uuid-ossp"],
        ...{ botRollout: "stop-first", botHealthCommand: "true", botWritable: ["/app/cache", "/run"] },
        webappUrl: "https://dating.example.com",
      },
      ["alertBotToken"],
    ),
  ).toEqual([]);
  for (const name of serviceNames)
    expect(toMebibytes(leastMemory[name])).toBeLessThanOrEqual(toMebibytes(memoryLimits[name]) / 2);
});

const some = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const partly = (names: readonly string[], value: fc.Arbitrary<string>) =>
  fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 }).map(json);

/** Configurations of few values, so that many of them meet. */
const configurations = fc.record({
  httpPort: some(fc.constantFrom("80", "443", "3000")),
  httpsPort: some(fc.constantFrom("80", "443", "3000")),
  grafanaPort: some(fc.constantFrom("80", "443", "3001")),
  tls: some(fc.constantFrom("off", "acme")),
  monitoring: some(fc.constantFrom("true", "false")),
  alertChatId: some(fc.constant("1")),
  alertBotToken: some(fc.constant(token)),
  networkRange: some(fc.nat(255).map((first) => `${first}.18.7.0/24`)),
  databaseName: some(fc.stringMatching(/^(dating|postgres|pg_[a-z]|monitoring|[a-z_]{38,64})$/)),
  databasePasswordVersion: some(fc.constantFrom("1", "2", "1000000")),
  webappUrl: some(
    fc.constantFrom("http://dating.example.com", "https://dating.example.com", "https://x:70000"),
  ),
  images: some(partly(["bot", "webapp"], fc.constantFrom("bot:1", "https://x/bot", "a b", "x.io/bot:1"))),
  volumes: some(partly(volumeNames, fc.constantFrom("one", "two", "dating-prod_loki_data", "x".repeat(256)))),
  memory: some(
    partly(
      serviceNames,
      fc.integer({ min: 5, max: 80 }).map((size) => `${size} MiB`),
    ),
  ),
  postgresSettings: some(
    partly(
      ["shared_buffers", "fsync", "port", "work_mem"],
      fc.constantFrom("16MB", "40MB", "1GB", "9000", "on"),
    ),
  ),
  botWritable: some(fc.constantFrom(["/tmp"], ["/app/cache"], ["/app/photos/x"]).map(json)),
  botEnvironment: some(partly(["FEATURE", "BOT_TOKEN", "S3_KEY"], fc.constant("value"))),
  botSecrets: some(partly(["SENTRY_DSN", "API_PORT", "S3_KEY"], fc.constantFrom("value", "a-long-value"))),
});

/** The configuration where it is accepted. */
function accepted(values: Record<string, string | undefined>): PlainConfig | undefined {
  const set = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return parseConfig(
      raw({ ...valid, ...Object.fromEntries(set) }, ["botToken", "alertBotToken", "botSecrets"]),
    );
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

const unusable = new BlockList();
for (const [address, bits] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
] as const)
  unusable.addSubnet(address, bits);

test("no two values of a configuration that is accepted exclude each other, and none fails later", () => {
  let seen = 0;
  fc.assert(
    fc.property(configurations, (values) => {
      const config = accepted(values);
      if (!config) return;
      seen += 1;
      const ports = [
        config.httpPort,
        ...(config.tls === "off" ? [] : [config.httpsPort]),
        ...(config.monitoring ? [config.grafanaPort] : []),
      ];
      expect(new Set(ports).size).toBe(ports.length);
      const volumes = volumeNames.map((name) => config.volumes[name] ?? `dating-prod_${name}`);
      expect(new Set(volumes).size).toBe(volumes.length);
      for (const name of volumes) expect(name.length).toBeLessThan(256);
      if (config.alertChatId !== undefined) expect(config.monitoring).toBe(true);
      if (config.alertBotToken !== undefined) expect(config.alertChatId).toBeDefined();
      if (config.networkRange) expect(unusable.check(config.networkRange.split("/")[0]!)).toBe(false);
      expect(config.databaseName).not.toMatch(/^(pg_.*|postgres|monitoring)$/);
      expect(`${config.databaseName}_v${config.databasePasswordVersion}`.length).toBeLessThan(64);
      if (config.tls !== "off") expect(config.webappUrl ?? "").not.toMatch(/^http:/);
      for (const image of Object.values(config.images)) expect(image).not.toMatch(/\s|:\/\//);
      for (const [name, limit] of Object.entries(config.memory))
        expect(toMebibytes(limit)).toBeGreaterThanOrEqual(toMebibytes(leastMemory[name as ServiceName]));
      const buffers = buffersOf(config.postgresSettings.shared_buffers ?? "") ?? 0;
      expect(buffers).toBeLessThanOrEqual(toMebibytes(config.memory.postgres ?? memoryLimits.postgres) / 2);
      for (const name of ["fsync", "port"]) expect(config.postgresSettings).not.toHaveProperty(name);
      for (const folder of config.botWritable) expect(folder).toBe("/app/cache");
      const variables = [config.botEnvironment, config.botSecrets, botVariables].flatMap(Object.keys);
      expect(new Set(variables).size).toBe(variables.length);
    }),
    { numRuns: 1000 },
  );
  // A property of nothing would be none.
  expect(seen).toBeGreaterThan(25);
});
