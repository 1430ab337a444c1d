import { statusReport } from "../ops/host/report";
import { statusOf } from "../ops/host/status";
import { act, define, json, printJson, type CommonOptions } from "./command";

/** Prints what of a stack runs where. */
export async function showStatus(stack: string): Promise<void> {
  const { url, where, services, notServed, pulumi, grafana, certificates } = await statusOf(stack);
  console.log(statusReport(stack, url, where, services, pulumi));
  if (notServed.length > 0) console.log(["Not served:", ...notServed].join("\n  "));
  if (grafana) console.log(`Grafana:         ${grafana}`);
  for (const line of certificates) console.log(line);
}

async function status(stack: string, options: CommonOptions): Promise<void> {
  if (options.json) printJson(await statusOf(stack));
  else await showStatus(stack);
}

export const command = define(
  "status",
  "Says what of a stack runs where, under which addresses, what is not served, and what is a stand-in.",
  ["status prod", "status prod --json"],
)
  .argument("<stack>")
  .addOption(json());
act(command, status);
