import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Deployment } from "../../../ops/promotion/deployment";
import { commitPromotion, takeBackPromotion } from "../../../ops/promotion/record";
import { StackFile } from "../../../ops/stack/file";

let root: string;
const path = () => join(root, "Pulumi.prod.yaml");
const text = () => readFileSync(path(), "utf8");
const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dating-promotion-"));
  git("init", "--quiet");
  git("config", "user.name", "Ada");
  git("config", "user.email", "ada@example.com");
  writeFileSync(path(), before);
  writeFileSync(join(root, "other"), "");
  git("add", ".");
  git("commit", "--quiet", "--message", "Begin");
});
afterEach(() => rmSync(root, { recursive: true }));

const before = 'config:\n  dating:nsfwThreshold: "0.7"\n';
const after = before.replace("0.7", "0.8");

/** Promotes another threshold, beside what somebody is about to commit. */
function promote(): { file: StackFile; commit: string; begin: string } {
  appendFileSync(join(root, "other"), "staged by somebody\n");
  git("add", "other");
  const begin = git("rev-parse", "HEAD");
  const file = new StackFile("prod", root);
  file.set("0.8", "nsfwThreshold");
  const deployment = { version: 0, endTime: "2026-11-28T03:00:00Z", environment: {}, config: {} };
  const commit = commitPromotion("staging", file, deployment as unknown as Deployment, [
    { key: "nsfwThreshold", before: "0.7", after: "0.8" },
  ]);
  return { file, commit, begin };
}
const staged = () => git("diff", "--cached", "--name-only");

test("a promotion is one commit of the stack's file alone", () => {
  const { commit, begin } = promote();
  expect(git("diff", "--name-only", begin, commit)).toBe("Pulumi.prod.yaml");
  expect(git("log", "-1", "--format=%B")).toContain("Promoted-To: prod");
  expect([text(), staged()]).toEqual([after, "other"]);
});

test("one whose deploy failed is taken back: no commit tells of it, and the file is as before", () => {
  const { file, commit, begin } = promote();
  expect(takeBackPromotion(file, commit)).toBe(true);
  expect(git("rev-parse", "HEAD")).toBe(begin);
  expect([text(), staged()]).toEqual([before, "other"]);
});

test("what somebody has changed in the file since stays", () => {
  const { file, commit, begin } = promote();
  appendFileSync(path(), "  dating:httpPort: 8080\n");
  expect(takeBackPromotion(file, commit)).toBe(true);
  expect(git("rev-parse", "HEAD")).toBe(begin);
  expect([text(), staged()]).toEqual([`${after}  dating:httpPort: 8080\n`, "other"]);
});

test("one on which something was built stays", () => {
  const { file, commit } = promote();
  git("commit", "--quiet", "--message", "Since");
  const since = git("rev-parse", "HEAD");
  expect(takeBackPromotion(file, commit)).toBe(false);
  expect(git("rev-parse", "HEAD")).toBe(since);
  expect(text()).toBe(after);
});
