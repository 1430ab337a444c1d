import type { Answered } from "./model";

/** Pixels of a panel. */
export interface Size {
  width: number;
  height: number;
}

/** One line of a panel, with the query that it answers. */
export type Line = Answered["series"][number] & Pick<Answered, "target">;

/** What is written in. */
export const ink = "#0f172a";

export const escape = (text: string) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** A text at a place, in pixels. @param more attributes, by default its colour */
export const write = (x: number, y: number, size: number, text: string, more = `fill='${ink}'`) =>
  `<text x='${x}' y='${y}' font-size='${size}' font-family='system-ui,sans-serif' ${more}>${escape(text)}</text>`;
