/* Writes the parts of README.md that are made from the code, each between a pair of markers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { keys } from "../config";
import { keyTable } from "../config/table";

const file = join(__dirname, "../README.md");
const marked = /(<!-- keys -->\n)[^]*?(<!-- \/keys -->)/;

const before = readFileSync(file, "utf8");
if (!marked.test(before)) throw new Error("README.md has lost its markers <!-- keys --> and <!-- /keys -->");
writeFileSync(
  file,
  before.replace(marked, (_, begin: string, end: string) => `${begin}${keyTable(keys, "dating")}\n${end}`),
);
