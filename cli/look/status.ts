import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { Option } from "commander";

import { overviewOf } from "../../ops/status/overview";
import { overviewPage } from "../../ops/status/overview-page";
import { statusReport } from "../../ops/status/report";
import { statusOf, type Status } from "../../ops/status/status";
import { changesBetween } from "../../ops/status/watch";
import { OperatorError } from "../../ops/stack/errors";
import { swarmReport, swarmStatusOf } from "../../ops/swarm/status";
import { act, define, fromCaller, json, printJson, type CommonOptions } from "../command";
import { isOnSwarm } from "../on-swarm";

interface Options extends CommonOptions {
  html?: string;
  watch?: true;
}

/** Milliseconds between two looks: as often as a release is asked for its health. */
const interval = 2000;

/** Moves a terminal's cursor to its beginning and takes away what stands there. */
const clear = "\x1b[H\x1b[2J";

/** Prints what of a stack runs where. */
export async function showStatus(stack: string): Promise<void> {
  if (isOnSwarm(stack)) return console.log(swarmReport(await swarmStatusOf(stack)));
  console.log(statusLines(await statusOf(stack)));
}

function statusLines(seen: Status): string {
  const { stack, url, where, services, notServed, left, pulumi, grafana, certificates } = seen;
  return [
    statusReport(stack, url, where, services, pulumi),
    ...(notServed.length > 0 ? [["Not served:", ...notServed].join("\n  ")] : []),
    ...(left.length > 0
      ? [[`Left by a killed restore (./dating recover ${stack} removes it):`, ...left].join("\n  ")]
      : []),
    ...(grafana ? [`Grafana:         ${grafana}`] : []),
    ...certificates,
  ].join("\n");
}

async function status(stack: string, options: Options): Promise<void> {
  if (options.watch) return watch(stack);
  if (options.html !== undefined) {
    writeFileSync(options.html, overviewPage(await overviewOf(stack)));
    return console.log(`Written: ${options.html}`);
  }
  if (options.json) printJson(await (isOnSwarm(stack) ? swarmStatusOf(stack) : statusOf(stack)));
  else await showStatus(stack);
}

/** Until it is interrupted: a terminal shows what is, a pipe gets a line for each change. */
async function watch(stack: string): Promise<void> {
  let before: Status | undefined;
  for (;;) {
    const now = await statusOf(stack).catch((error: Error) => {
      // Where the first look fails, the next ones do, too; later, an engine may be away for a moment.
      if (!before || error instanceof OperatorError) throw error;
      console.error(`could not be asked: ${error.message}`);
    });
    if (now && process.stdout.isTTY) console.log(`${clear}${statusLines(now)}`);
    else if (now) for (const line of changesBetween(before, now)) console.log(`${timeOfDay()} ${line}`);
    before = now ?? before;
    await pause(interval);
  }
}

const timeOfDay = () => new Date().toISOString().slice(11, 19);

export const command = define(
  "status",
  "Says which services of a stack run where, their addresses, what is not served, and what is a stand-in. --html writes one\n" +
    "page with more: certificates, backups and drift.",
  ["status prod", "status prod --watch", "status prod --html prod.html", "status prod --json"],
)
  .argument("<stack>")
  .addOption(
    new Option("--html <file>", "write a page instead: services, certificates, backups, drift")
      .argParser(fromCaller)
      .conflicts(["json", "watch"]),
  )
  .addOption(
    new Option(
      "--watch",
      "keep showing it until Ctrl-C; without a terminal, print a line for each change",
    ).conflicts(["json", "html"]),
  )
  .addOption(json());
act(command, status);
