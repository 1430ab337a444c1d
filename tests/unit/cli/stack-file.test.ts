import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { newerThan } from "../../../images/registry";
import { StackFile } from "../../../ops/stack/file";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-unit-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (text: string) => writeFileSync(join(folder, "Pulumi.prod.yaml"), text);
const read = () => readFileSync(join(folder, "Pulumi.prod.yaml"), "utf8");

test("a change to a stack's file leaves everything else as it is: comments, order, long lines, secrets", () => {
  const long = `v1:${"x".repeat(200)}`;
  const before = [
    "# Why this stack is as it is.",
    "encryptionsalt: v1:abc=",
    "config:",
    '  dating:httpPort: "8080" # behind a load balancer',
    "  dating:botToken:",
    `    secure: ${long}`,
    "  # The images.",
    "  dating:images:",
    "    bot: example.com/bot:1",
    "",
  ].join("\n");
  write(before);
  const file = new StackFile("prod", folder);
  expect(file.entries("images")).toEqual({ bot: "example.com/bot:1" });
  file.set("example.com/bot:2", "images", "bot");
  file.set("example.com/webapp:2", "images", "webapp");
  file.save();
  expect(read()).toBe(
    before.replace("bot: example.com/bot:1", "bot: example.com/bot:2\n    webapp: example.com/webapp:2"),
  );
});

test("a structured key that is written as JSON becomes a map when a part of it changes", () => {
  write(`config:\n  dating:images: '{"bot":"bot:1","webapp":"webapp:1"}'\n`);
  const file = new StackFile("prod", folder);
  expect(file.entries("images")).toEqual({ bot: "bot:1", webapp: "webapp:1" });
  file.set("bot:2", "images", "bot");
  file.save();
  expect(read()).toBe("config:\n  dating:images:\n    bot: bot:2\n    webapp: webapp:1\n");
});

test("a stack without a file, and a file that is no YAML, are named", () => {
  expect(() => new StackFile("prod", folder)).toThrow("stack prod has no file Pulumi.prod.yaml. ");
  write("config:\n  a: [1\n");
  expect(() => new StackFile("prod", folder)).toThrow("Pulumi.prod.yaml: ");
});

test.each<[tag: string, others: string[], newer: string[]]>([
  ["1.2.0", ["1.2.0", "1.10.0", "1.3.0", "1.1.9", "latest", "1", "1.4.0-rc.1"], ["1.10.0", "1.3.0"]],
  [
    "15.14-bookworm",
    ["15.15-bookworm", "16.1-alpine", "16.1-bookworm", "17"],
    ["16.1-bookworm", "15.15-bookworm"],
  ],
  ["v3.0.4", ["v3.0.5", "3.1.0", "v3.1"], ["v3.0.5"]],
  ["latest", ["1.0.0"], []],
  ["4f2a9c1", ["5f2a9c1"], []],
])("what follows the tag %s", (tag, others, newer) => expect(newerThan(tag, others)).toEqual(newer));
