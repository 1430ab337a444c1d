import { parseSecrets, secretNames } from "../../../ops/stack/secret-values";

const token = `${"1".repeat(9)}:${"x".repeat(36)}`;

test("lines of an environment file are taken by either name, quoted or not", () => {
  for (const line of [
    `botToken=${token}`,
    `BOT_TOKEN=${token}`,
    `export BOT_TOKEN="${token}"`,
    `# a\n\nBOT_TOKEN='${token}'\r\n`,
  ]) {
    expect([...parseSecrets(line)]).toEqual([["botToken", token]]);
  }
  expect(secretNames).toContain("botToken");
});

test("everything that is wrong is told at once, and no value with it", () => {
  expect(() => parseSecrets("what is this secret-1\nBOT_TOKEN=secret-2\nOTHER=secret-3")).toThrow(
    /^nothing was set:\n {2}line 1 is not NAME=VALUE\n {2}botToken must be a token as @BotFather gives it\n {2}OTHER is not a secret of a stack: there are .*$/,
  );
  try {
    parseSecrets("what is this secret-1\nBOT_TOKEN=secret-2\nOTHER=secret-3");
  } catch (error) {
    expect(String(error)).not.toMatch(/secret-\d/);
  }
});
