import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseConfig } from "../../../config";
import { ConfigurationError } from "../../../config/problems";
import { projectRoot } from "../../../images/content";
import { configuration } from "../../../ops/drawing/registrations";
import { StackFile } from "../../../ops/stack/file";

/** The stacks whose files are committed in this checkout, whatever they say. */
const stacks = execFileSync("git", ["ls-files", "Pulumi.*.yaml"], { cwd: projectRoot, encoding: "utf8" })
  .split("\n")
  .flatMap((name) => /^Pulumi\.([\w-]+)\.yaml$/.exec(name)?.[1] ?? []);

/** What a preview would say of a file, but for what is no mistake yet: a secret, or an image, that is still to be set. */
function mistakes(file: StackFile): string[] {
  const [config, encrypted] = configuration(file);
  const bare = (key: string) => key.replace("dating:", "");
  const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [bare(key), value]));
  try {
    parseConfig({ namespace: "dating", stack: file.stack, values, secretKeys: new Set(encrypted.map(bare)) });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ key }) => key).filter((key) => !/^dating:(botToken$|images\.)/.test(key));
  }
}

test.each(stacks)("what Pulumi.%s.yaml says is accepted: it lacks secrets and images at most", (stack) => {
  expect(mistakes(new StackFile(stack))).toEqual([]);
});

test("a mistake in a stack's file is found, beside its secrets", () => {
  const folder = mkdtempSync(join(tmpdir(), "dating-stacks-"));
  const text = `config:
  dating:domain: dating.example.com
  dating:tls: sometimes
  dating:botSecrets:
    S3_KEY:
      secure: v1:a:b
`;
  try {
    writeFileSync(join(folder, "Pulumi.prod.yaml"), text);
    expect(mistakes(new StackFile("prod", folder))).toEqual(["dating:tls"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
