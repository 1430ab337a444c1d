/*
 * Draws a comment as GitHub shows it: for the documentation, as a picture is what a reviewer sees. It knows the Markdown that
 * `renderMarkdown` writes, and no other.
 */

/** A part of a line in one style. */
interface Span {
  text: string;
  style: "" | "b" | "c";
}

/** Lines that belong together. */
interface Block {
  kind: "title" | "heading" | "item" | "text" | "fold";
  spans: Span[];
}

const width = 840;
const margin = 20;
const top = 46;
const sizes: Record<Block["kind"], number> = { title: 21, heading: 17, item: 14, text: 14, fold: 14 };
/** Pixels before a block's first line, beyond those that every line has. */
const space: Record<Block["kind"], number> = { title: 6, heading: 14, item: 2, text: 8, fold: 8 };
const indents: Record<Block["kind"], number> = { title: 0, heading: 0, item: 22, text: 0, fold: 18 };

/** A comment, drawn. @param markdown as `renderMarkdown` gives it */
export function drawComment(markdown: string): string {
  const lines: string[] = [];
  let y = top + 8;
  for (const { kind, spans } of blocksOf(markdown)) {
    const [size, x] = [sizes[kind], margin + indents[kind]];
    y += space[kind];
    wrap(spans, size, width - margin - x).forEach((line, index) => {
      y += Math.round(size * 1.5);
      if (index === 0 && kind === "item") lines.push(`<text x="${margin + 8}" y="${y}">•</text>`);
      if (index === 0 && kind === "fold") lines.push(`<text x="${margin}" y="${y}" class="dim">▸</text>`);
      lines.push(`<text x="${x}" y="${y}" class="${kind}">${line.map(spanOf).join("")}</text>`);
    });
    if (kind !== "title") continue;
    y += 10;
    lines.push(`<path d="M${margin} ${y}H${width - margin}"/>`);
  }
  const height = y + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>${light}@media (prefers-color-scheme: dark) {
${dark}}</style>
<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
<path class="head" d="M0.5 ${top}V6.5a6 6 0 0 1 6 -6H${width - 6.5}a6 6 0 0 1 6 6V${top}Z"/>
<text x="${margin}" y="${top / 2 + 5}"><tspan class="b">github-actions</tspan> <tspan class="dim">bot commented</tspan></text>
${lines.join("\n")}
</svg>
`;
}

const light = `
text { font: 14px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: ${sizes.title}px; font-weight: 600 } .heading { font-size: ${sizes.heading}px; font-weight: 600 }
.b { font-weight: 600 } .c { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 88% }
.dim { fill: #59636e } .page { fill: #ffffff; stroke: #d1d9e0 } path { fill: none; stroke: #d1d9e0 } path.head { fill: #f6f8fa }
`;
const dark = `text { fill: #f0f6fc } .dim { fill: #9198a1 } .page { fill: #0d1117; stroke: #3d444d } path { stroke: #3d444d } path.head { fill: #151b23 }
`;

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const shown = markdown
    .replace(/<!--.*?-->\n/g, "")
    // What is folded is not seen until somebody opens it.
    .replace(/<details><summary>(.*?)<\/summary>[^]*?<\/details>/g, "▸ $1");
  for (const line of shown.split("\n").filter((each) => each !== "")) {
    const [, mark = "", text = ""] = /^(## |### |- |▸ )?(.*)$/.exec(line)!;
    const kind = { "## ": "title", "### ": "heading", "- ": "item", "▸ ": "fold" }[mark] ?? "text";
    blocks.push({ kind: kind as Block["kind"], spans: spansOf(text) });
  }
  return blocks;
}

function spansOf(text: string): Span[] {
  return [...text.matchAll(/\*\*(.+?)\*\*|`([^`]+)`|((?:\\.|[^*`\\])+)/g)].map(([, bold, code, plain]) =>
    code !== undefined
      ? { text: code, style: "c" }
      : { text: unescaped(bold ?? plain!), style: bold === undefined ? "" : "b" },
  );
}

const unescaped = (text: string) => text.replace(/\\(.)/g, "$1").replaceAll("\u200b", "");

/** Breaks spans into lines between words. A browser's fonts are not known here, so that lines are a little too short. */
function wrap(spans: Span[], size: number, room: number): Span[][] {
  const lines: Span[][] = [[]];
  let used = 0;
  for (const { text, style } of spans) {
    for (const word of text.match(/\s+|[^\s]+/g) ?? []) {
      const needed = widthOf(word, style) * size;
      const blank = word.trim() === "";
      if (used + needed > room && used > 0 && !blank) {
        lines.push([]);
        used = 0;
      }
      if (used === 0 && blank) continue;
      lines.at(-1)!.push({ text: word, style });
      used += needed;
    }
  }
  return lines.map(joined);
}

/** Neighbours in one style are one. */
function joined(spans: Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last?.style === span.style) last.text += span.text;
    else result.push({ ...span });
  }
  return result;
}

/** How wide a word is at most, as a multiple of the font's size. */
function widthOf(word: string, style: Span["style"]): number {
  const widths = [...word].map((letter) =>
    style === "c"
      ? 0.55
      : /[ iljtf.,:;'|!()[\]]/.test(letter)
        ? 0.33
        : /[mwMWA-Z→⚠—@]/.test(letter)
          ? 0.85
          : 0.58,
  );
  return widths.reduce((sum, each) => sum + each, 0);
}

const spanOf = ({ text, style }: Span) => {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return style === "" ? safe : `<tspan class="${style}">${safe}</tspan>`;
};
