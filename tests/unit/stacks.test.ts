import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { parseConfig, type PlainConfig } from "../../config";
import { keys } from "../../config/keys";
import { metaOf } from "../../config/fields";
import { ConfigurationError } from "../../config/problems";

type Stack = "dev" | "staging" | "prod";

/** The keys of a stack's file that are not secret, and their values as Pulumi hands them to the program. */
function settings(stack: Stack): Record<string, string> {
  const file = join(__dirname, `../../Pulumi.${stack}.yaml`);
  const { config } = load(readFileSync(file, "utf8")) as { config: Record<string, string | object> };
  return Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => typeof value !== "object" || !("secure" in value))
      .map(([key, value]) => [
        key.replace("dating:", ""),
        typeof value === "object" ? JSON.stringify(value) : value,
      ]),
  );
}

const parse = (stack: Stack, values: Record<string, string>): PlainConfig =>
  parseConfig({ namespace: "dating", stack, values, secretKeys: new Set(["botToken"]) });

/** What a promotion sets, and what no two stacks have in common. */
const own = (key: string) =>
  ["domain", "dockerHost", "images"].includes(key) ||
  metaOf(keys.shape[key as keyof typeof keys.shape]).promoted === true;

test("staging and prod differ in where they are, and in what was promoted, alone", () => {
  const [staging, prod] = [settings("staging"), settings("prod")];
  const common = (values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).filter(([key]) => !own(key)));
  expect(common(staging)).toEqual(common(prod));
  expect(staging.domain).not.toBe(prod.domain);
  expect(staging.dockerHost).not.toBe(prod.dockerHost);
});

test.each<Stack>(["staging", "prod"])("%s lacks nothing but its token and its images", (stack) => {
  expect.assertions(2);
  try {
    parse(stack, settings(stack));
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    const problems = (error as ConfigurationError).problems.map(({ key }) => key);
    expect(problems.filter((key) => !/^dating:(botToken$|images\.)/.test(key))).toEqual([]);
  }
});

test("dev serves plain HTTP with images of this checkout, here", () => {
  const dev = parse("dev", { ...settings("dev"), botToken: `${"1".repeat(9)}:${"a".repeat(35)}` });
  expect(dev).toMatchObject({ domain: "localhost", tls: "off", localImages: true });
  expect(dev.dockerHost).toBeUndefined();
});
