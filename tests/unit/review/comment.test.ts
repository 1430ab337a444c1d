import { readFileSync } from "node:fs";
import { join } from "node:path";

import { stateAlone } from "../../../host/state-only";
import { lastIn } from "../../../ops/releases/last";
import { costOf, measuredAbsences } from "../../../ops/review/people";
import { renderFailure, renderMarkdown, renderText } from "../../../ops/review/render";
import { reviewOf } from "../../../ops/review/review";
import { parsePreview, type Preview } from "../../../ops/review/schema";

const root = join(__dirname, "../../..");
const recorded = (name: string) =>
  parsePreview(readFileSync(join(__dirname, "../previews", `${name}.json`), "utf8"));
const review = (preview: Preview) => reviewOf("example", preview, () => []);
const recordedReview = (name: string) => review(recorded(name));

test("what people notice is what was measured", () => {
  const { results } = JSON.parse(readFileSync(join(root, "bench/results/absence.json"), "utf8")) as {
    results: { change: string; absence: { minimum: number; median: number; maximum: number } }[];
  };
  const good = results.filter(({ change }) => change.endsWith(", a good one"));
  expect(measuredAbsences).toEqual(
    Object.fromEntries(good.map(({ change, absence }) => [change.split(",")[0], absence])),
  );
});

test.each([
  ["unchanged", undefined],
  ["first-deploy", undefined],
  ["bot-image", "People notice nothing: no service that they use is stopped before its successor serves."],
  [
    "edge-port",
    "People notice: no request is answered for about 1.6 s while traefik is replaced (1.3 to 11.5 s when it was measured).",
  ],
])("%s costs people: %s", (name, cost) => {
  expect(recordedReview(name).cost).toBe(cost);
});

test("a service that is stopped first and was never measured is said to be that, and one that goes is gone", () => {
  const [bot] = recordedReview("bot-image").changes.filter(({ name }) => name.endsWith("-bot"));
  expect(costOf([{ ...bot!, stopFirst: true }])).toBe(
    "People notice: no request to the bot is answered while bot is replaced, which was not measured.",
  );
  expect(costOf([{ ...bot!, action: "delete" }])).toBe(
    "People notice: no request to the bot is answered any more (bot is removed).",
  );
});

test("the comment begins with what it costs and what was there before, and tells what is left undecided", () => {
  const text = renderMarkdown({ ...recordedReview("several-at-once"), last: "Deployed last by @somebody." });
  const order = [
    "to replace",
    "People notice",
    "Deployed last by @\u200bsomebody",
    "### Risks",
    "Left undecided",
    "Every change",
  ];
  const places = order.map((part) => text.indexOf(part));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
  expect(text).toContain("- bot-healthy: environment, triggers\n");
  expect(recordedReview("memory-of-the-bot").undecided).toEqual([]);
});

test("a preview that saw no Docker host says what it could not see, and no other does", () => {
  const preview = recorded("bot-image");
  expect(renderMarkdown(review(preview)) + renderText(review(preview))).not.toMatch(/not seen/i);
  preview.diagnostics.push({
    severity: "warning",
    message: `The Docker host was not asked: ${stateAlone}.\n`,
  });
  for (const text of [renderMarkdown(review(preview)), renderText(review(preview))]) {
    expect(text).toMatch(/not seen/i);
    expect(text).toContain("changed by hand on the Docker host since the last deploy");
  }
});

test("where there is no preview, the comment of an earlier one does not stay", () => {
  const text = renderFailure("prod", "there is no stack prod: <b>");
  expect(text.split("\n")[0]).toBe(
    renderMarkdown({ ...recordedReview("unchanged"), stack: "prod" }).split("\n")[0],
  );
  expect(text).toContain("## No preview of `prod`");
  expect(text).toContain("there is no stack prod: \\<b\\>");
});

const update = (more: object) => ({
  kind: "update",
  startTime: "2026-11-30T08:15:30.000Z",
  result: "succeeded",
  ...more,
});

test.each([
  ["nothing", [], "It was not deployed yet."],
  ["a refresh alone", [{ ...update({}), kind: "refresh" }], "It was not deployed yet."],
  [
    "a pipeline's deploy before a refresh",
    [
      { ...update({}), kind: "refresh" },
      update({
        environment: {
          "git.head": "0123456789abcdef",
          "git.author": "Ana",
          "ci.system": "GitHub",
          "ci.build.url": "https://github.com/acme/dating/actions/runs/7",
        },
      }),
    ],
    "Deployed last on 2026-11-30 08:15 UTC: commit 0123456789ab of Ana, from GitHub https://github.com/acme/dating/actions/runs/7.",
  ],
  [
    "a failed deploy of what nobody has committed",
    [update({ result: "failed", environment: { "git.head": "0123456789abcdef", "git.dirty": "true" } })],
    "Deployed last on 2026-11-30 08:15 UTC, which failed: commit 0123456789ab with changes, from a desk.",
  ],
])("a history of %s", (_, history, said) => {
  expect(lastIn(JSON.stringify(history))).toBe(said);
});
