/** The environment variable by which `--quiet` is handed on to what a command calls. */
export const quietVariable = "DATING_QUIET";

/** Whether results and problems only are to be printed. */
export const isQuiet = () => Boolean(process.env[quietVariable]);

/** Says how far something is; with `--quiet` it does not. */
export function progress(text: string): void {
  if (!isQuiet()) console.log(text);
}
