import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Text for a terminal; plain where the stream is none, or NO_COLOR is set. */
function styled(format: Format, text: string, stream: NodeJS.WriteStream): string {
  const coloured = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return coloured ? styleText(format, text, { validateStream: false }) : text;
}

export const bold = (text: string) => styled("bold", text, process.stdout);
export const dim = (text: string) => styled("dim", text, process.stdout);
/** For standard error. */
export const red = (text: string) => styled("red", text, process.stderr);
