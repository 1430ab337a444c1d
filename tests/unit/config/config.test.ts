import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { parseConfig } from "../../../config";
import { keys } from "../../../config/keys";
import { metaOf } from "../../../config/keys/fields";
import { keyTable } from "../../../config/keys/table";
import { problemsOf, raw, token, valid } from "../support/config";

const digest = `@sha256:${"a".repeat(64)}`;
const pinned = (names: string[]) =>
  JSON.stringify(Object.fromEntries(names.map((name) => [name, `${name}:1${digest}`])));

test("a minimal configuration is completed with defaults", () => {
  expect(parseConfig(raw(valid))).toMatchObject({
    domain: "dating.example.com",
    httpPort: 80,
    nsfwThreshold: 0.7,
    databaseName: "dating",
    databasePasswordVersion: 1,
    memory: {},
    images: { bot: expect.stringMatching(/^dating-mini-app\/bot:[0-9a-f]{12}$/) },
  });
});

describe("each wrong value is one problem, with its key and the command that mends it", () => {
  test.each<[key: string, value: string, problem: string, command: string]>([
    [
      "domain",
      "https://x",
      "must be a host name",
      "pulumi config set --stack prod dating:domain 'dating.example.com'",
    ],
    [
      "httpPort",
      "http",
      "must be a whole number from 1 to 65535",
      "pulumi config set --stack prod dating:httpPort '80'",
    ],
    [
      "httpPort",
      "0",
      "must be a whole number from 1 to 65535",
      "pulumi config set --stack prod dating:httpPort '80'",
    ],
    [
      "httpPort",
      "65536",
      "must be a whole number from 1 to 65535",
      "pulumi config set --stack prod dating:httpPort '80'",
    ],
    [
      "dockerHost",
      "example.com",
      "must be an address that begins with unix:///, ssh:// or tcp://",
      "pulumi config set --stack prod dating:dockerHost 'ssh://deploy@dating.example.com'",
    ],
    [
      "networkRange",
      "198.18.7.0/16",
      "must be a range of 256 addresses, as in 198.18.7.0/24",
      "pulumi config set --stack prod dating:networkRange '198.18.7.0/24'",
    ],
    [
      "localImages",
      "yes",
      "must be true or false",
      "pulumi config set --stack prod dating:localImages 'true'",
    ],
    ["images", "x", "must be a set of names and values", "pulumi config set --stack prod dating:images"],
    [
      "botToken",
      "secret-but-wrong",
      "must be a token as @BotFather gives it",
      "pulumi config set --stack prod --secret dating:botToken",
    ],
    [
      "botEnvironment",
      "[1]",
      "must be a set of names and values",
      "pulumi config set --stack prod --path 'dating:botEnvironment.NAME' 'value'",
    ],
    [
      "webappUrl",
      "ftp://x",
      "must be an http:// or https:// address",
      "pulumi config set --stack prod dating:webappUrl",
    ],
    [
      "photoCdnUrl",
      "",
      "must be an http:// or https:// address",
      "pulumi config set --stack prod dating:photoCdnUrl",
    ],
    [
      "nsfwThreshold",
      "1.1",
      "must be a number from 0 to 1",
      "pulumi config set --stack prod dating:nsfwThreshold '0.7'",
    ],
    [
      "databaseName",
      "Dating",
      "must be a lower-case SQL name",
      "pulumi config set --stack prod dating:databaseName",
    ],
    [
      "databasePasswordVersion",
      "1.5",
      "must be a whole number from 1 to 1000000",
      "pulumi config set --stack prod dating:databasePasswordVersion",
    ],
    ["memory", "512", "must be a set of names and values", "pulumi config set --stack prod dating:memory"],
    ["volumes", "null", "must be a set of names and values", "pulumi config set --stack prod dating:volumes"],
    ...["15 3 * *", "60 * * * *", "0 3 31 2 *", "0 3 * * MON", "0 0 3 * * *"].map(
      (value): [string, string, string, string] => [
        "backupSchedule",
        value,
        'must be a cron expression of five fields, as in "15 3 * * *" for every day at 3:15',
        "pulumi config set --stack prod dating:backupSchedule '15 3 * * *'",
      ],
    ),
    [
      "backupKeep",
      "0",
      "must be a whole number from 1 to 10000",
      "pulumi config set --stack prod dating:backupKeep '14'",
    ],
    [
      "healthTimeout",
      "4",
      "must be a whole number from 5 to 3600",
      "pulumi config set --stack prod dating:healthTimeout",
    ],
  ])("%s: %s", (key, value, problem, command) => {
    expect(problemsOf({ ...valid, [key]: value })).toEqual([
      { key: `dating:${key}`, problem, command: expect.stringContaining(command) },
    ]);
  });

  test.each<[key: string, value: unknown, path: string, problem: string]>([
    [
      "memory",
      { bot: "512" },
      "memory.bot",
      'must be a whole number with its unit, as in "512 MiB" or "2 GiB"',
    ],
    ["memory", { bot: "5 MiB" }, "memory.bot", "must be at least 6 MiB"],
    ["memory", { bott: "512 MiB" }, "memory.bott", "is not a known key; did you mean bot?"],
    [
      "volumes",
      { postgres_data: "/srv/data" },
      "volumes.postgres_data",
      "must be the name of a Docker volume",
    ],
    [
      "volumes",
      { postgresdata: "x1" },
      "volumes.postgresdata",
      "is not a known key; did you mean postgres_data?",
    ],
    [
      "images",
      { bot: "two words" },
      "images.bot",
      "must be an image reference, as in registry.example.com/dating/bot:1.0.0",
    ],
    [
      "botEnvironment",
      { "lower-case": "x" },
      "botEnvironment.lower-case",
      "must be the name of an environment variable",
    ],
  ])("inside %s: %j", (key, value, path, problem) => {
    expect(problemsOf({ ...valid, [key]: JSON.stringify(value) })).toEqual([
      { key: `dating:${path}`, problem, command: expect.stringContaining(`--path 'dating:${path}'`) },
    ]);
  });
});

test("missing keys, unknown keys, wrong values and secrets in plain text are all listed at once", () => {
  const problems = problemsOf(
    { httpPort: "x", bot_token: token, botToken: token, images: pinned(["bot"]) },
    [],
  );
  expect(problems.map(({ key, problem }) => `${key} ${problem}`).sort()).toEqual([
    "dating:botToken is stored in plain text and must be encrypted",
    "dating:bot_token is not a known key; did you mean botToken?",
    "dating:domain is missing",
    "dating:httpPort must be a whole number from 1 to 65535",
    "dating:images.backup is missing",
    "dating:images.migrations is missing",
    "dating:images.postgres is missing",
    "dating:images.socket-proxy is missing",
    "dating:images.traefik is missing",
    "dating:images.webapp is missing",
  ]);
});

test("a secret's command asks for the value instead of showing one, and no message repeats it", () => {
  const problems = problemsOf({ ...valid, botToken: "wrong-but-still-secret" });
  expect(problems[0]?.command).toBe("pulumi config set --stack prod --secret dating:botToken");
  expect(JSON.stringify(problems)).not.toContain("wrong-but-still-secret");
});

test("the message says that nothing was changed and shows every problem with its command", () => {
  expect(() => parseConfig(raw({ domain: "dating.example.com", localImages: "true" }))).toThrow(
    "The configuration of stack prod has 1 problem; nothing was changed.\n" +
      "  dating:botToken is missing\n" +
      "      pulumi config set --stack prod --secret dating:botToken",
  );
});

test("HTTP and HTTPS need a port each", () => {
  const same = { ...valid, httpPort: "8443", httpsPort: "8443" };
  expect(problemsOf(same)).toEqual([]);
  expect(problemsOf({ ...same, tls: "acme", acmeServer: "https://ca.example.com/acme" })).toEqual([
    {
      key: "dating:httpsPort",
      problem: "is 8443, and so is httpPort; with tls they must differ",
      command: "pulumi config set --stack prod dating:httpsPort '443'",
    },
  ]);
});

test("outside development, each image is pinned by digest", () => {
  const prod = { ...valid, localImages: "false" };
  const names = ["traefik", "socket-proxy", "postgres", "bot", "webapp", "backup", "migrations"];
  expect(problemsOf({ ...prod, images: pinned(names) })).toEqual([]);
  expect(
    problemsOf({ ...prod, images: JSON.stringify({ ...JSON.parse(pinned(names)), bot: "bot:latest" }) }),
  ).toEqual([
    {
      key: "dating:images.bot",
      problem: "must be pinned by digest (NAME:TAG@sha256:…), as a tag can move",
      command: "make lock-images STACK=prod",
    },
  ]);
});

test("every key is documented, and its example is a right value", () => {
  for (const [name, field] of Object.entries(keys.shape)) {
    const meta = metaOf(field);
    expect(meta.description).toMatch(/\.$/);
    expect(["", ...(meta.secret ? [""] : [])].includes(meta.example) === (meta.secret ?? false)).toBe(true);
    if (
      !meta.secret &&
      // A structured one has an example of a part.
      ![
        ...[
          "aliases",
          "backupRepositories",
          "images",
          "botCommand",
          "botEnvironment",
          "botWritable",
          "databaseExtensions",
          "memory",
        ],
        ...["postgresSettings", "replicas", "trustedProxies", "volumes"],
      ].includes(name)
    ) {
      expect(problemsOf({ ...valid, monitoring: "true", [name]: meta.example })).toEqual([]);
    }
  }
});

test("the table of keys in docs/reference/configuration.md is up to date (make docs writes it)", () => {
  expect(readFileSync(join(__dirname, "../../../docs/reference/configuration.md"), "utf8")).toContain(
    keyTable(keys, "dating"),
  );
});

test("Pulumi.yaml tells the same defaults and descriptions", () => {
  const { config } = load(readFileSync(join(__dirname, "../../../Pulumi.yaml"), "utf8")) as {
    config: object;
  };
  const withDefaults = Object.entries(keys.shape).flatMap(([name, field]) => {
    const standard: unknown = field.safeParse(undefined).data;
    const { description } = metaOf(field);
    return ["string", "number", "boolean"].includes(typeof standard)
      ? [[name, { description, default: standard }]]
      : [];
  });
  expect(config).toEqual(Object.fromEntries(withDefaults));
});
