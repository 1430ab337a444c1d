import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { headRevision, knownRevisions } from "../../../images/revisions";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "revisions-"));
  mkdirSync(join(root, "migrations/versions"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const add = (file: string, text: string) => writeFileSync(join(root, "migrations/versions", file), text);

test("the newest revision is the one that no other builds on", () => {
  add("b.py", 'revision = "001"\ndown_revision = None\n');
  add("a.py", "revision: str = '002'\ndown_revision: str = '001'\n");
  add("notes.txt", 'revision = "003"');
  expect(headRevision(root)).toBe("002");
  expect(knownRevisions(root)).toEqual(["002", "001"]);
  add("c.py", 'revision = "002b"\ndown_revision = "001"\n');
  expect(() => headRevision(root)).toThrow("2 heads, 002 and 002b");
});

test("the project's own has one newest revision", () => {
  expect(headRevision()).toMatch(/^\d{3}_\w+$/);
});
