import { existsSync } from "node:fs";

import { removeAll, testPrefixes } from "./docker";
import { sweepOriginals } from "./stores/original";

/** Before the tests: removes what an earlier run left that was killed. A run that still goes on keeps its stacks. */
export default function sweep(): void {
  sweepOriginals();
  for (const prefix of testPrefixes()) {
    const [, pid] = /^(?:dating|guestbook)-(?:preview-)?test-(\d+)-/.exec(prefix) ?? [];
    if (pid && !existsSync(`/proc/${pid}`)) removeAll(prefix);
  }
}
