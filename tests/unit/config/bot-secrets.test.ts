import { problemsOf, valid } from "../support/config";
import { parseConfig } from "../../../config";
import { keys } from "../../../config/keys";
import { metaOf } from "../../../config/keys/fields";
import { ConfigurationError } from "../../../config/problems";
import { raw } from "../support/config";

const json = JSON.stringify;
const encrypted = { secure: "v1:abc:def" };
const set = (path: string) => `pulumi config set --stack prod --secret --path 'dating:${path}'`;
const remove = (path: string) => `pulumi config rm --stack prod --path 'dating:${path}'`;

/** What is wrong with a configuration whose file is known. */
function problemsIn(values: Record<string, string>, stored: Record<string, unknown>, secretKeys: string[]) {
  try {
    parseConfig({ ...raw({ ...valid, ...values }, ["botToken", ...secretKeys]), stored });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

test("the bot has secrets of its own, each encrypted by itself", () => {
  const botSecrets = json({ SENTRY_DSN: "https://key@sentry.example.com/1", PEM: "line one\nline two" });
  const stored = { botSecrets: { SENTRY_DSN: encrypted, PEM: encrypted } };
  expect(problemsIn({ botSecrets }, stored, ["botSecrets"])).toEqual([]);
  // As with another file, which the program does not see.
  expect(problemsIn({ botSecrets }, {}, ["botSecrets"])).toEqual([]);
});

test("one in plain text is refused, also beside one that is encrypted, and no message has a value", () => {
  const botSecrets = json({ SENTRY_DSN: "in-plain-text", S3_KEY: "the-secret-key" });
  const problem = "is stored in plain text and must be encrypted";
  const one = { key: "dating:botSecrets.SENTRY_DSN", problem, command: set("botSecrets.SENTRY_DSN") };
  const other = { key: "dating:botSecrets.S3_KEY", problem, command: set("botSecrets.S3_KEY") };
  expect(problemsOf({ ...valid, botSecrets })).toEqual([one, other]);
  const stored = { botSecrets: { SENTRY_DSN: "in-plain-text", S3_KEY: encrypted } };
  const mixed = problemsIn({ botSecrets }, stored, ["botSecrets"]);
  expect(mixed).toEqual([one]);
  expect(json(mixed)).not.toContain("in-plain-text");
});

test("all of them encrypted as one value are refused: the next one that is set would make the others go", () => {
  const botSecrets = json({ SENTRY_DSN: "the-secret-one" });
  expect(problemsIn({ botSecrets }, { botSecrets: encrypted }, ["botSecrets"])).toEqual([
    {
      key: "dating:botSecrets.SENTRY_DSN",
      problem: "is encrypted as a part of one value; each part has to be so by itself",
      command: set("botSecrets.SENTRY_DSN"),
    },
  ]);
});

test("a value of botEnvironment that is stored encrypted has to move, by name where the file is known", () => {
  const botEnvironment = json({ FEATURE: "on", S3_KEY: "the-secret-key" });
  const problem = "is stored encrypted, and would not stay secret here; botSecrets is for that";
  const moving = (name: string) => `${remove(`botEnvironment.${name}`)} && ${set(`botSecrets.${name}`)}`;
  const stored = { botEnvironment: { FEATURE: "on", S3_KEY: encrypted } };
  expect(problemsIn({ botEnvironment }, stored, ["botEnvironment"])).toEqual([
    { key: "dating:botEnvironment.S3_KEY", problem, command: moving("S3_KEY") },
  ]);
  expect(problemsIn({ botEnvironment }, {}, ["botEnvironment"])).toEqual([
    { key: "dating:botEnvironment", problem, command: moving("NAME") },
  ]);
});

test("no other setting is stored encrypted either: what is made of it would be shown", () => {
  expect(problemsIn({}, {}, ["domain"])).toEqual([
    {
      key: "dating:domain",
      problem: "is stored encrypted, and no secret: what is made of it is shown",
      command: "pulumi config set --stack prod dating:domain 'dating.example.com'",
    },
  ]);
});

test.each([
  ["BOT_TOKEN", "dating:botToken"],
  ["JWT_SECRET", "dating:jwtSecret"],
  ["WEBAPP_URL", "dating:webappUrl"],
  ["BOT_DATABASE_URL", "the program itself"],
  ["API_PORT", "the program itself"],
])("%s has one origin: %s", (name, origin) => {
  const problem = `is what ${origin} gives the bot`;
  expect(problemsOf({ ...valid, botEnvironment: json({ [name]: "a-value" }) })).toEqual([
    { key: `dating:botEnvironment.${name}`, problem, command: remove(`botEnvironment.${name}`) },
  ]);
  expect(
    problemsOf({ ...valid, botSecrets: json({ [name]: "a-value" }) }, ["botToken", "botSecrets"]),
  ).toEqual([{ key: `dating:botSecrets.${name}`, problem, command: remove(`botSecrets.${name}`) }]);
});

test("a name is in botEnvironment or in botSecrets, and not in both", () => {
  const both = { botEnvironment: json({ S3_KEY: "open" }), botSecrets: json({ S3_KEY: "the-secret" }) };
  expect(problemsOf({ ...valid, ...both }, ["botToken", "botSecrets"])).toEqual([
    {
      key: "dating:botEnvironment.S3_KEY",
      problem: "is in botSecrets, too",
      command: remove("botEnvironment.S3_KEY"),
    },
  ]);
});

test("one that is too short to be kept out of what is shown is refused, and asked for again", () => {
  expect(problemsOf({ ...valid, botSecrets: json({ PIN: "12345" }) }, ["botToken", "botSecrets"])).toEqual([
    {
      key: "dating:botSecrets.PIN",
      problem: "must have at least 6 characters",
      command: set("botSecrets.PIN"),
    },
  ]);
});

test("each key with a secret is one of those that the program wraps", () => {
  const secret = Object.entries(keys.shape).filter(([, field]) => metaOf(field).secret);
  expect(secret.map(([name]) => name).sort()).toEqual([
    ...["alertBotToken", "backupCredentials", "backupPassphrase", "botSecrets", "botToken"],
    ...["databasePassword", "heartbeatUrl", "jwtSecret", "password", "serviceSecrets", "tlsKey"],
  ]);
});
