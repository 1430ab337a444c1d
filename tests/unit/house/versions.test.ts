import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../../images/content";
import { mismatches, overdue, partsTable } from "../../../ops/upkeep/check";
import { readParts, versionsInUse, type Part } from "../../../ops/upkeep/parts";

const read = (file: string) => readFileSync(join(projectRoot, file), "utf8");
const part = (more: Partial<Part>): Part => ({
  ...{ part: "Edge", version: "3.6", in: ["image traefik"], source: "https://example.com" },
  ...more,
});

describe("the table of versions", () => {
  test("names every part that is in use, in the line that is", () => {
    expect(mismatches(readParts(), versionsInUse())).toEqual([]);
  });

  test("is in the docs as it is (make docs writes it)", () => {
    expect(read("docs/reference/versions.md")).toContain(partsTable(readParts(), versionsInUse()));
  });

  test.each<[string, Record<string, string>, RegExp[]]>([
    ["the same line", { "image traefik": "3.6.12" }, []],
    ["the line itself", { "image traefik": "3.6" }, []],
    ["a line that begins alike", { "image traefik": "3.60.1" }, [/is 3\.60\.1.*names 3\.6$/]],
    ["another line", { "image traefik": "3.7.1" }, [/is 3\.7\.1/]],
    [
      "a part that is not listed",
      { "image traefik": "3.6.1", "base sid": "sid" },
      [/^base sid sid is in use/],
    ],
    ["a part that is gone", {}, [/image traefik is not in use/]],
  ])("is held against what is in use: %s", (_, inUse, expected) => {
    const found = mismatches([part({ ends: "2027-01-01" })], inUse);
    expect(found).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(found[index]).toMatch(pattern));
  });
});

describe("a part", () => {
  const despite = { reason: "the next line does not build yet", until: "2027-02-01" };
  test.each<[string, Partial<Part>, string, RegExp | undefined]>([
    ["that ends in 60 days passes", { ends: "2027-03-02" }, "2027-01-01", undefined],
    ["that ends in 59 days does not", { ends: "2027-03-01" }, "2027-01-01", /after 2027-03-01, in 59 days/],
    ["that has ended does not", { ends: "2026-12-31" }, "2027-01-01", /no fixes since 2026-12-31/],
    [
      "that is used despite its end passes until then",
      { ends: "2026-12-31", despite },
      "2027-02-01",
      undefined,
    ],
    ["and not longer", { ends: "2026-12-31", despite }, "2027-02-02", /until 2027-02-01: the next line/],
    ["without a named end passes for half a year", { looked: "2027-01-01" }, "2027-06-30", undefined],
    ["and has to be looked up then", { looked: "2027-01-01" }, "2027-07-01", /look whether an end is named/],
  ])("%s", (_, more, today, expected) => {
    const found = overdue([part(more)], today);
    if (expected) expect(found).toEqual([expect.stringMatching(expected)]);
    else expect(found).toEqual([]);
  });
});

test("Renovate finds every official image, the CLI, each plugin and Node.js where they are", () => {
  const { customManagers } = JSON.parse(read("renovate.json")) as {
    customManagers: { managerFilePatterns: string[]; matchStrings: string[] }[];
  };
  const found = customManagers.map(({ managerFilePatterns: [file], matchStrings: [pattern] }) => {
    const [, path] = /^\/\^(.*)\$\/$/.exec(file!)!;
    const matches = read(path!.replaceAll("\\", "")).matchAll(new RegExp(pattern!, "g"));
    return [...matches].map(({ groups }) => groups!.currentValue);
  });
  const images = read("images/official.yaml").match(/^[\w-]+: /gm)!;
  expect(found.map(({ length }) => length)).toEqual([images.length, 1, 4, 1]);
});
