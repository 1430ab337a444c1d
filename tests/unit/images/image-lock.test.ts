import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { main } from "../../../cli/run";
import { projectRoot } from "../../../images/content";
import { newerTags, resolveDigest } from "../../../images/registry";

jest.mock("../../../images/registry");

const stack = `test-${process.pid}-lock`;
const file = join(projectRoot, `Pulumi.${stack}.yaml`);
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

let printed: string;
beforeEach(() => {
  printed = "";
  jest.spyOn(console, "log").mockImplementation((text) => void (printed += `${text}\n`));
  jest.mocked(resolveDigest).mockImplementation(async () => digest("b"));
  jest.mocked(newerTags).mockImplementation(async (image) => (image.startsWith("a.example/") ? ["2"] : []));
  writeFileSync(
    file,
    `config:
  dating:localImages: "true"
  dating:images:
    bot: a.example/bot:1@${digest("a")}
    webapp: b.example/webapp:1@${digest("b")}
`,
  );
});
afterEach(() => {
  rmSync(file);
  process.exitCode = undefined;
  jest.restoreAllMocks();
});

/** What a command line prints as JSON, and its exit code. */
async function result(...words: string[]): Promise<{ code: number; value: unknown }> {
  await main(words);
  return { code: Number(process.exitCode ?? 0), value: JSON.parse(printed) };
}

test("what the registries say of a stack's images can be had as JSON, with what speaks against each", async () => {
  const { code, value } = await result("images", "lock", stack, "--check", "--json");
  expect(code).toBe(2);
  expect(value).toEqual([
    {
      ...{ name: "bot", image: "a.example/bot:1", digest: digest("a"), now: digest("b"), newer: ["2"] },
      findings: [`1 points to another image now (${digest("b")})`, "newer: 2"],
    },
    {
      ...{ name: "webapp", image: "b.example/webapp:1", digest: digest("b"), now: digest("b"), newer: [] },
      findings: [],
    },
  ]);
});

test("what would be pinned can be had, too, and a dry run leaves the file as it is", async () => {
  const before = readFileSync(file, "utf8");
  const { code, value } = await result("images", "lock", stack, "--update", "bot", "--dry-run", "--json");
  expect(code).toBe(0);
  expect(value).toEqual([
    { name: "bot", image: `a.example/bot:1@${digest("b")}`, changed: true },
    { name: "webapp", image: `b.example/webapp:1@${digest("b")}`, changed: false },
  ]);
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("the local names of images can be had as JSON", async () => {
  const { value } = await result("images", "list", "--json");
  expect(value).toContainEqual({ name: "bot", image: expect.stringMatching(/^dating-mini-app\/bot:/) });
});

test("the parts that run can be had as JSON, with what is in use of each and what is wrong", async () => {
  const { code, value } = await result("versions", "--json");
  const { parts, problems } = value as {
    parts: { part: string; in: Record<string, string> }[];
    problems: [];
  };
  expect(parts.find(({ part }) => part === "Traefik")?.in).toEqual({ "image traefik": expect.any(String) });
  expect(code).toBe(problems.length > 0 ? 1 : 0);
});
