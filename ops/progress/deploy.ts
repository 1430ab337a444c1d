import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { projectRoot } from "../../images/content";
import { isQuiet } from "../quiet";
import { OperatorError } from "../stack/errors";
import { passSignals } from "../stack/signals";
import { Board, boardOf } from "./board";
import { followServices } from "./follow";

/** How often a terminal is written anew, in milliseconds: its seconds count. */
const interval = 1000;

/** What follows in the engine's output says what was wrong, and what has become of it. */
const summary = /^(Diagnostics|Policies|Outputs|Resources):/;

/**
 * Deploys by the Pulumi CLI, and says meanwhile what each service does: in a terminal on a board, else a line for each change
 * among the engine's own.
 *
 * @param args of `pulumi`
 * @param environment in which the Docker CLI talks to the stack's Docker host
 * @param services that the stack is to have
 * @throws OperatorError when it fails; the reason is on the screen
 */
export async function deploy(
  stack: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  services: readonly string[],
): Promise<void> {
  const onBoard = process.stdout.isTTY && process.env.TERM !== "dumb" && !isQuiet();
  const held = onBoard || isQuiet();
  const { progress, end } = followServices(stack, environment, services, (text) => {
    if (!held) console.log(`  ${text}`);
  });
  const child = spawn("pulumi", [...args, ...(onBoard ? ["--non-interactive", "--color", "never"] : [])], {
    cwd: projectRoot,
    env: process.env,
    stdio: [onBoard ? "ignore" : "inherit", held ? "pipe" : "inherit", "inherit"],
  });
  const passing = passSignals(child);
  const lines: string[] = [];
  if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => void lines.push(line));
  const board = onBoard ? new Board(process.stdout) : undefined;
  const begin = Date.now();
  const draw = () => {
    const said = lines.filter((line) => line.trim() !== "").at(-1) ?? "";
    board?.show(boardOf(progress, said, Math.round((Date.now() - begin) / 1000)));
  };
  const drawing = setInterval(draw, interval);
  const status = await new Promise<number>((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => done(code ?? 1));
  }).finally(() => {
    passing();
    clearInterval(drawing);
    end();
  });
  draw();
  if (onBoard) lines.slice(summaryBegin(lines)).forEach((line) => console.log(line));
  // Pulumi tells most of its errors among its results.
  else if (status !== 0) lines.forEach((line) => console.error(line));
  if (status !== 0) throw new OperatorError(`pulumi ${args[0]} failed: see above`);
}

/** Where it does not summarize, all of it is told. */
const summaryBegin = (lines: readonly string[]) =>
  Math.max(
    0,
    lines.findIndex((line) => summary.test(line)),
  );
