/* Writes the parts of README.md that are made from the code, each between a pair of markers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { keys } from "../config/keys";
import { keyTable } from "../config/table";
import { cisTable } from "../policy/table";

const file = join(__dirname, "../README.md");
const parts: Record<string, string> = { keys: keyTable(keys, "dating"), cis: cisTable() };

let text = readFileSync(file, "utf8");
for (const [name, content] of Object.entries(parts)) {
  const marked = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- /${name} -->)`);
  if (!marked.test(text))
    throw new Error(`README.md has lost its markers <!-- ${name} --> and <!-- /${name} -->`);
  text = text.replace(marked, (_, begin: string, end: string) => `${begin}${content}\n${end}`);
}
writeFileSync(file, text);
