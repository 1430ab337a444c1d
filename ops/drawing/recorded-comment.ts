import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../images/content";
import { lastIn } from "../releases/last";
import { renderMarkdown } from "../review/render";
import { reviewOf } from "../review/review";
import { parsePreview } from "../review/schema";

/** The comment below a pull request that changes much at once, as a recorded preview has it. */
export function recordedComment(): string {
  const recorded = readFileSync(join(projectRoot, "tests/unit/previews/several-at-once.json"), "utf8");
  const preview = parsePreview(recorded.replace(/\bdating-example\b/g, "dating-staging"));
  const deployed = {
    kind: "update",
    result: "succeeded",
    startTime: "2026-11-27T16:20:00.000Z",
    environment: {
      "git.head": "3f1c9a7be2d4",
      "git.author": "Ana",
      "ci.system": "GitHub",
      "ci.build.id": "run 412",
    },
  };
  const review = reviewOf("staging", preview, () => ["004_add_likes_index"]);
  return renderMarkdown({ ...review, last: lastIn(JSON.stringify([deployed])) });
}
