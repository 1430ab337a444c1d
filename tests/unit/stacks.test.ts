import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { parseConfig } from "../../config";
import { ConfigurationError } from "../../config/problems";
import { projectRoot } from "../../images/content";

/** The stacks whose files are committed in this checkout, whatever they say. */
const stacks = execFileSync("git", ["ls-files", "Pulumi.*.yaml"], { cwd: projectRoot, encoding: "utf8" })
  .split("\n")
  .flatMap((name) => /^Pulumi\.([\w-]+)\.yaml$/.exec(name)?.[1] ?? []);

const isSecret = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ("secure" in value || Object.values(value).some(isSecret));

/** The keys of a stack's file that are not secret, and their values as Pulumi hands them to the program. */
function settings(text: string): Record<string, string> {
  const { config = {} } = load(text) as { config?: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key, value]) => key.startsWith("dating:") && !isSecret(value))
      .map(([key, value]) => [
        key.replace("dating:", ""),
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
  );
}

/** What a preview would say of a file, but for what is no mistake yet: a secret, or an image, that is still to be set. */
function mistakes(stack: string, text: string): string[] {
  try {
    parseConfig({ namespace: "dating", stack, values: settings(text), secretKeys: new Set() });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ key }) => key).filter((key) => !/^dating:(botToken$|images\.)/.test(key));
  }
}

test.each(stacks)("what Pulumi.%s.yaml says is accepted: it lacks secrets and images at most", (stack) => {
  expect(mistakes(stack, readFileSync(join(projectRoot, `Pulumi.${stack}.yaml`), "utf8"))).toEqual([]);
});

test("a mistake in a stack's file is found, beside its secrets", () => {
  const text = `config:
  dating:domain: dating.example.com
  dating:tls: sometimes
  dating:botSecrets:
    S3_KEY:
      secure: v1:a:b
`;
  expect(mistakes("prod", text)).toEqual(["dating:tls"]);
});
