import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { loadConfig } from "../../../config";
import { storedConfig } from "../../../config/stack/config";
import { configuration } from "../../../ops/drawing/registrations";
import { settingsOf } from "../../../ops/environments/create";
import type { Deployment } from "../../../ops/promotion/deployment";
import { applySettings } from "../../../ops/promotion/settings";
import { describeRelease } from "../../../ops/releases/describe";
import type { Release } from "../../../ops/releases/history";
import { partsOf } from "../../../ops/review/engine";
import { renderMarkdown, renderText } from "../../../ops/review/render";
import { reviewOf } from "../../../ops/review/review";
import { parsePreview } from "../../../ops/review/schema";
import { redactor } from "../../../ops/review/values";
import { missingSecrets, parseSecrets, setArguments } from "../../../ops/stack/secret-values";
import { StackFile } from "../../../ops/stack/file";
import { problemsOf, token } from "../support/config";

const secret = "https://key@sentry.example.com/1";
const cipher = "v1:nonce:of-prod-itself";
const own = `  dating:botSecrets:\n    SENTRY_DSN:\n      secure: ${cipher}\n`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-unit-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileOf(stack: string, config: string): StackFile {
  writeFileSync(join(folder, `Pulumi.${stack}.yaml`), `config:\n${config}`);
  return new StackFile(stack, folder);
}

test("the program gets every secret as one of Pulumi's, with open names", async () => {
  await pulumi.runtime.setMocks(
    { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
    "dating",
    "unit",
  );
  const secrets = {
    "dating:botToken": token,
    "dating:alertBotToken": token,
    "dating:jwtSecret": "x".repeat(16),
  };
  pulumi.runtime.setAllConfig(
    {
      ...secrets,
      "dating:botSecrets": JSON.stringify({ SENTRY_DSN: secret }),
      "dating:domain": "localhost",
      "dating:localImages": "true",
      "dating:monitoring": "true",
      "dating:alertChatId": "1",
    },
    [...Object.keys(secrets), "dating:botSecrets"],
  );
  const config = loadConfig();
  const wrapped = [config.botToken, config.alertBotToken, config.jwtSecret!, config.botSecrets.SENTRY_DSN!];
  expect(await Promise.all(wrapped.map((value) => pulumi.isSecret(value)))).toEqual([true, true, true, true]);
  expect(config.databasePassword).toBeUndefined();
  expect(Object.keys(config.botSecrets)).toEqual(["SENTRY_DSN"]);
});

test("the program sees in the stack's file how each part is stored", () => {
  fileOf("prod", `${own}  other:botSecrets: x\n`);
  expect(storedConfig("prod", "dating", folder)).toEqual({
    botSecrets: { SENTRY_DSN: { secure: cipher } },
    "other:botSecrets": "x",
  });
  expect(storedConfig("dev", "dating", folder)).toBeUndefined();
});

describe("a promotion", () => {
  const deployed = (config: Deployment["config"]): Deployment => ({
    ...{ version: 1, kind: "update", result: "succeeded", endTime: "2027-01-01T00:00:00.000Z" },
    ...{ environment: {}, config },
  });
  const environment = { objectValue: { FEATURE: "on" }, secret: false };

  test("leaves a stack its own secrets, and brings none", () => {
    const file = fileOf("prod", own);
    const changes = applySettings(
      file,
      {},
      deployed({
        "dating:botEnvironment": environment,
        "dating:botSecrets": { secret: true },
      }),
    );
    expect(changes.map(({ key }) => key)).toEqual(["botEnvironment"]);
    expect(file.text()).toContain(own);
  });

  test("says which the other stack has and this one has not, where their names are told", () => {
    const staging = fileOf("staging", `${own}    S3_KEY:\n      secure: v1:a:b\n`);
    expect(missingSecrets(staging, fileOf("prod", own))).toEqual(["botSecrets.S3_KEY"]);
    expect(missingSecrets(staging, staging)).toEqual([]);
    expect(missingSecrets(fileOf("whole", "  dating:botSecrets:\n    secure: v1:a:b\n"), staging)).toEqual(
      [],
    );
  });

  test("is refused where a setting has an encrypted value on either side, and the file stays", () => {
    const hidden = deployed({ "dating:botEnvironment": { secret: true } });
    const file = fileOf("prod", "  dating:botEnvironment:\n    FEATURE: on\n");
    expect(() => applySettings(file, {}, hidden)).toThrow(
      "was deployed with an encrypted value in dating:botEnvironment",
    );
    const encrypted = fileOf("other", "  dating:botEnvironment:\n    S3_KEY:\n      secure: v1:a:b\n");
    expect(() => applySettings(encrypted, {}, deployed({ "dating:botEnvironment": environment }))).toThrow(
      "Pulumi.other.yaml has an encrypted value in dating:botEnvironment",
    );
    expect(encrypted.text()).toContain("S3_KEY:\n      secure: v1:a:b");
  });
});

describe("a rollback", () => {
  const release = (settings: Record<string, unknown>, hidden: string[] = []): Release => ({
    ...{ at: "1", succeeded: true, message: "", settings, hidden, images: { bot: "bot:1" } },
  });

  test("leaves the secrets as they are now, whatever they were then", () => {
    for (const hidden of [[], ["botSecrets", "botToken"]]) {
      const file = fileOf(
        "prod",
        `${own}  dating:botToken:\n    secure: v1:a:b\n  dating:nsfwThreshold: "0.9"\n`,
      );
      expect(describeRelease(file, release({ nsfwThreshold: "0.7" }, hidden))).toEqual([
        "dating:nsfwThreshold: 0.9 → 0.7",
        "dating:images.bot: the default → bot:1",
      ]);
      expect(file.text()).toContain(own);
      expect(file.isSecret("botToken")).toBe(true);
    }
  });

  test("leaves a setting as it is that had an encrypted value then, which nobody knows any more", () => {
    const file = fileOf("prod", "  dating:botEnvironment:\n    FEATURE: on\n");
    const [told] = describeRelease(file, release({}, ["botEnvironment"]));
    expect(told).toMatch(/^dating:botEnvironment stays as it is/);
    expect(file.entries("botEnvironment")).toEqual({ FEATURE: "on" });
  });
});

describe("a preview environment", () => {
  test("takes no secret of another stack, which it could not decrypt", () => {
    const taken = settingsOf(fileOf("dev", `${own}  dating:nsfwThreshold: "0.9"\n`));
    expect(taken).toContainEqual(["nsfwThreshold", "0.9"]);
    expect(taken.map(([key]) => key)).not.toContain("botSecrets");
    expect(JSON.stringify(taken)).not.toContain(cipher);
  });

  test("is refused where a setting of the other stack has an encrypted value", () => {
    const like = fileOf("dev", "  dating:botEnvironment:\n    S3_KEY:\n      secure: v1:a:b\n");
    expect(() => settingsOf(like)).toThrow("Pulumi.dev.yaml has an encrypted value in dating:botEnvironment");
  });

  test("and every stack get the bot's own secrets by name, over standard input", () => {
    expect([...parseSecrets(`botSecrets.SENTRY_DSN="${secret}"`)]).toEqual([
      ["botSecrets.SENTRY_DSN", secret],
    ]);
    expect(setArguments("prod", "botSecrets.SENTRY_DSN").join(" ")).toBe(
      "config set --stack prod --secret --path dating:botSecrets.SENTRY_DSN",
    );
    expect(() =>
      parseSecrets("botSecrets.lower=abcdefgh\nbotSecrets.PIN=12345\nSENTRY_DSN=abcdefgh"),
    ).toThrow(
      /botSecrets\.lower must be the name of .*\n {2}botSecrets\.PIN must have at least 6 characters\n {2}SENTRY_DSN is not a secret .* botSecrets\.NAME and serviceSecrets\.NAME$/,
    );
  });
});

describe("what is shown", () => {
  test("as a picture is drawn without a secret, and the program accepts what stands in its place", () => {
    const file = fileOf("drawn", `${own}  dating:domain: localhost\n  dating:localImages: "true"\n`);
    const [values, secretKeys] = configuration(file);
    expect(JSON.stringify(values)).not.toContain(cipher);
    expect(secretKeys).toContain("dating:botSecrets");
    const named = Object.entries(values).map(([key, value]) => [key.replace("dating:", ""), value]);
    const keys = secretKeys.map((key) => key.replace("dating:", ""));
    expect(problemsOf(Object.fromEntries(named) as Record<string, string>, keys)).toEqual([]);
  });

  test("has none of the values, alone or as a line of what came line by line", () => {
    const pem = "first line of it\nsecond line of it";
    const redact = redactor(partsOf(JSON.stringify({ SENTRY_DSN: secret, PEM: pem })));
    expect(redact(`a ${secret} b\n${pem}\nsecond line of it!`)).toBe("a [secret] b\n[secret]\n[secret]!");
    expect(partsOf("no JSON")).toEqual(["no JSON"]);
    expect(partsOf("12345678")).toEqual(["12345678"]);
  });

  test("names a secret of the bot that changes as one, by its place among all variables", () => {
    const text = readFileSync(join(__dirname, "../previews/bot-environment.json"), "utf8");
    const preview = parsePreview(text);
    preview.config["dating:botSecrets"] = '{"AAA_KEY":"[secret]"}';
    const step = preview.steps.find(({ detailedDiff }) =>
      Object.keys(detailedDiff ?? {}).some((path) => path.startsWith("envs[")),
    )!;
    step.detailedDiff = { "envs[0]": { kind: "update" } };
    preview.steps.forEach((other) => {
      if (other !== step && other.urn === step.urn) other.detailedDiff = {};
    });
    const review = reviewOf("example", preview, () => []);
    expect(renderText(review)).toContain("bot: AAA_KEY; start-first");
    expect(review.risks).toContainEqual({ title: "secret changed", text: "dating-example-bot: AAA_KEY" });
    expect(renderText(review) + renderMarkdown(review)).not.toContain("[secret]");
  });

  test("of a preview whose secrets are one value, only says that something differs", () => {
    const preview = parsePreview(readFileSync(join(__dirname, "../previews/bot-environment.json"), "utf8"));
    preview.config["dating:botSecrets"] = "[secret]";
    expect(renderText(reviewOf("example", preview, () => []))).toContain("bot: environment; start-first");
  });
});
