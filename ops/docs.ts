/* Writes the parts of docs/ that are made from the code, each between a pair of markers, and draws a pull request's comment. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { commandReference } from "../cli/reference";
import { keys } from "../config/keys";
import { keyTable } from "../config/keys/table";
import { cisTable } from "../policy/table";
import { badDaysTable, readBadDays } from "./bad-days";
import { partsTable } from "./upkeep/check";
import { drawComment } from "./drawing/comment";
import { recordedComment } from "./drawing/recorded-comment";
import { readParts, versionsInUse } from "./upkeep/parts";

const documents: Record<string, Record<string, string>> = {
  "docs/reference/configuration.md": { keys: keyTable(keys, "dating") },
  "docs/reference/hardening.md": { cis: cisTable() },
  "docs/reference/commands.md": { commands: `\n${commandReference()}\n` },
  "docs/reference/bad-days.md": { "bad-days": badDaysTable(readBadDays()) },
  "docs/reference/versions.md": { parts: partsTable(readParts(), versionsInUse()) },
};

for (const [document, parts] of Object.entries(documents)) {
  const file = join(__dirname, "..", document);
  let text = readFileSync(file, "utf8");
  for (const [name, content] of Object.entries(parts)) {
    const marked = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- /${name} -->)`);
    if (!marked.test(text))
      throw new Error(`${document} has lost its markers <!-- ${name} --> and <!-- /${name} -->`);
    text = text.replace(marked, (_, begin: string, end: string) => `${begin}${content}\n${end}`);
  }
  writeFileSync(file, text);
}

writeFileSync(join(__dirname, "../docs/pictures/comment.svg"), drawComment(recordedComment()));
