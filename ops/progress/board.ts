import type { ServiceProgress } from "./services";

/** Moves a terminal's cursor so many lines up, and takes away all below. */
const backBy = (lines: number) => (lines > 0 ? `\x1b[${lines}A\x1b[J` : "");

/** A part of a terminal that is written anew in its place. */
export class Board {
  private lines = 0;

  constructor(private readonly output: { columns?: number; write(text: string): unknown }) {}

  show(lines: readonly string[]): void {
    // A line that the terminal breaks would be two.
    const width = (this.output.columns ?? 80) - 1;
    const shown = lines.map((line) => line.slice(0, width));
    this.output.write(`${backBy(this.lines)}${shown.map((line) => `${line}\n`).join("")}`);
    this.lines = shown.length;
  }
}

/**
 * What a terminal shows of a deploy: each service, and the last thing that the engine has said.
 *
 * @param seconds since the deploy began
 */
export function boardOf({ services }: ServiceProgress, said: string, seconds: number): string[] {
  const width = Math.max(0, ...services.map(([name]) => name.length));
  return [
    ...services.map(([name, [newest, ...older]]) => {
      const before = older.map((phase) => `, the one before ${phase}`).join("");
      return `  ${name.padEnd(width)}  ${newest}${before}`;
    }),
    `  ${seconds} s  ${said.trim()}`,
  ];
}
