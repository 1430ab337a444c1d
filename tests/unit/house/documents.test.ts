import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { CommanderError } from "commander";

import { below, program } from "../../../cli/catalog";
import { projectRoot } from "../../../images/content";
import { commandLines, docs, documents, parts, read } from "../../support/documents";
import { linesToType, typedBy, untyped, withCommands } from "../../support/typed";

/** The commands of a line of a shell, each in words, without what is commented out or goes to and comes from files. */
function commands(line: string): string[][] {
  const words = line.match(/#.*$|\$\(|&&|\|\||[|;()]|(?:"[^"]*"|'[^']*'|[^\s"'|;()&])+|&/g) ?? [];
  const all: string[][] = [[]];
  for (const word of words) {
    if (word.startsWith("#")) break;
    if (/^(&&|\|\||[|;()&]|\$\()$/.test(word)) all.push([]);
    else all.at(-1)!.push(word.replace(/["']/g, ""));
  }
  return all
    .map((given) => given.slice(given.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .map((given) => given.filter((word) => !/^[<>]/.test(word) && word !== "[]"));
}

interface Shown {
  line: string;
  words: string[];
  /** It stands in a sentence, which may name a command without all that it takes. */
  named: boolean;
}

const shown = (document: string): Shown[] => {
  const { rest } = parts(read(document));
  const lines = commandLines(document);
  const spans = [...rest.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  const found = (line: string, named: boolean) => commands(line).map((words) => ({ line, words, named }));
  return [...lines.flatMap((line) => found(line, false)), ...spans.flatMap((line) => found(line, true))];
};
const calls = (name: string) =>
  documents.flatMap((document) =>
    shown(document)
      .filter(({ words }) => words[0] === name)
      .map(({ line, words, named }): [string, string[], boolean] => [
        `${document}: ${line.trim()}`,
        words.slice(1),
        named,
      ]),
  );

const whole = program();
for (const each of below(whole)) {
  each.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  if (each.commands.length === 0) each.action(() => {});
}

describe("a command line in the documents", () => {
  const given = calls("./dating");
  test("is looked for", () => expect(given.length).toBeGreaterThan(150));

  // A person does not stand in the checkout where archives are put.
  beforeAll(() => (process.env.DATING_CWD = "/srv"));
  afterAll(() => delete process.env.DATING_CWD);

  test.each(given)("%s", async (_, words, named) => {
    // What stands for something: [ARCHIVE] may be left out, and … for more of the kind.
    const typed = words
      .filter((word) => word !== "…")
      .map((word) => word.replace(/^\[(.*)\]$/, "$1").replace(/^SHELL$/, "bash"));
    const wrong = await whole.parseAsync(typed, { from: "user" }).then(
      () => undefined,
      (error: CommanderError) => error,
    );
    const fine = ["commander.help", "commander.helpDisplayed"];
    if (named) fine.push("commander.missingArgument", "commander.missingMandatoryOptionValue");
    if (!wrong || !fine.includes(wrong.code)) expect(wrong?.message).toBeUndefined();
  });
});

describe("a verb of make in the documents", () => {
  const makefile = read("Makefile");
  const given = calls("make");
  test("is looked for", () => expect(given.length).toBeGreaterThan(30));

  test.each(given)("%s", (_, words) => {
    for (const word of words.filter((each) => !/^(-[ns]|…)$/.test(each))) {
      const [, variable] = /^([A-Z]+)=/.exec(word) ?? [];
      if (variable) expect(makefile).toContain(`$(${variable})`);
      else expect(makefile).toMatch(new RegExp(`^${word}:`, "m"));
    }
  });
});

describe("the commands of a document", () => {
  test.each(withCommands)("%s are typed by a test as they stand there, or it is said why not", (document) => {
    const headings = new Set(parts(read(document)).blocks.map(({ heading }) => heading));
    const left = [...headings].filter((heading) => linesToType(document, heading).length > 0);
    const tests = (typedBy[document] ?? []).map((test) =>
      readFileSync(join(projectRoot, "tests", test), "utf8"),
    );
    for (const heading of left) {
      const calls = [`("${document}")`, `("${document}", "${heading}")`];
      expect(tests.filter((text) => calls.some((call) => text.includes(call)))).not.toEqual([]);
    }
  });

  test("that nobody types stand in their document", () => {
    for (const { document, line } of untyped) expect(commandLines(document)).toContain(line);
  });
});

describe("a link", () => {
  const anchorsOf = (document: string) =>
    [...parts(read(document)).rest.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
  const links = documents.flatMap((document) =>
    [...parts(read(document)).rest.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target): [string, string] => [document, target]),
  );

  test.each(links)("of %s to %s leads somewhere", (document, target) => {
    const [path, anchor] = target.split("#");
    const file = path ? join(dirname(document), path) : document;
    expect(existsSync(join(projectRoot, file))).toBe(true);
    if (anchor) expect(anchorsOf(file)).toContain(anchor);
  });

  test("to every page of docs/ stands in the README, which is short enough to be read", () => {
    for (const name of docs) expect(read("README.md")).toContain(`](docs/${name})`);
    expect(read("README.md").split("\n").length).toBeLessThanOrEqual(121);
  });
});
