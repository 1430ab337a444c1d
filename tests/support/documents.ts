import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../images/content";

/** The pages of docs/. */
export const docs = readdirSync(join(projectRoot, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .sort();

/** All that people read, by path. */
export const documents = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "offline/README.md", "bench/README.md"],
  ...docs.map((name) => `docs/${name}`),
];

/** The text of a document. */
export const read = (document: string) => readFileSync(join(projectRoot, document), "utf8");

/** Code that a person types, with the heading under which it stands. */
interface Block {
  heading: string;
  code: string;
}

/** Blocks of code that a person types, and a text without any block. */
export function parts(text: string): { blocks: Block[]; rest: string } {
  const blocks: Block[] = [];
  let heading = "";
  const rest = text.replace(
    /^#+ (.*)$|^( *)```(\w*)\n([^]*?)^ *```$/gm,
    (whole, title: string | undefined, indent: string, language: string, code: string) => {
      if (title !== undefined) {
        heading = title;
        return whole;
      }
      const own = code.replace(new RegExp(`^${indent}`, "gm"), "");
      if (["bash", "sh"].includes(language)) blocks.push({ heading, code: own });
      return "";
    },
  );
  return { blocks, rest };
}

/** The command lines of a block, each whole: one may be continued over several lines. */
export function linesOf(code: string): string[] {
  return code
    .replace(/\s*\\\n\s*/g, " ")
    .replace(/\|\n\s*/g, "| ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/**
 * The command lines of a document, in their order.
 *
 * @param under only those under this heading
 */
export function commandLines(document: string, under?: string): string[] {
  return parts(read(document))
    .blocks.filter(({ heading }) => under === undefined || heading === under)
    .flatMap(({ code }) => linesOf(code));
}
