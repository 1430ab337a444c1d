import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../../images/content";
import { drawComment } from "../../../ops/drawing/comment";
import { recordedComment } from "../../../ops/drawing/recorded-comment";

/** What a reader sees of a picture, in its order. */
const textOf = (svg: string) =>
  svg
    .replace(/<style>[^]*?<\/style>|<[^>]+>/g, "")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&")
    .replace(/\s+/g, " ");

test("the picture of a pull request's comment is of what is written today (make docs)", () => {
  const drawn = readFileSync(join(projectRoot, "docs/pictures/comment.svg"), "utf8");
  expect(drawn).toBe(drawComment(recordedComment()));
  expect(readFileSync(join(projectRoot, "docs/pipelines.md"), "utf8")).toContain("](pictures/comment.svg)");
  for (const told of ["Preview of staging", "⚠️ database replaced", "People notice", "Deployed last on", "▸"])
    expect(textOf(drawn)).toContain(told);
});

test("a comment is drawn as GitHub shows it: marks are styles, what is folded is its title, and markup is text", () => {
  const svg = drawComment(
    [
      "<!-- dating-preview x -->",
      "## Preview of `x`",
      "",
      "- ⚠️ **port\\_published**: a \\<b\\> & c",
      "<details><summary>Every change (3)</summary>\n\n```diff\n+ hidden\n```\n\n</details>",
      "",
    ].join("\n"),
  );
  expect(textOf(svg)).toContain("Preview of x • ⚠️ port_published: a <b> & c ▸ Every change (3)");
  expect(svg).toContain('<tspan class="b">port_published</tspan>');
  expect(svg).toContain('<tspan class="c">x</tspan>');
  expect(svg).not.toMatch(/hidden|<b>|dating-preview/);
});

test("long lines are broken between words, and none is lost", () => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index}`);
  const svg = drawComment(`${words.join(" ")}\n`);
  expect(svg.match(/class="text"/g)!.length).toBeGreaterThan(3);
  for (const word of words) expect(textOf(svg)).toMatch(new RegExp(`${word}\\b`));
});
