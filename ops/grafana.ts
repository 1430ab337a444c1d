import { spawn } from "node:child_process";
import { constants } from "node:os";

import { program } from "commander";

import { deployedResources } from "./deployment";
import { reachGrafana } from "./host/reach-grafana";

program
  .name("ops/grafana")
  .description(
    "Keeps the tunnel to a stack's Grafana open, where it needs one, until it is ended, or for a command:\n" +
      "ops/grafana prod -- pulumi up --refresh --stack prod",
  )
  .argument("<stack>")
  .argument("[command...]")
  .parse();
const [stack, [command, ...args]] = program.processedArgs as [string, string[]];

function main(): void {
  const grafana = reachGrafana(deployedResources(stack));
  if (!grafana) throw new Error(`stack ${stack} has no Grafana: deploy it with dating:monitoring`);
  if (command === undefined) {
    console.log(
      `${grafana.url}\nUser and password: pulumi stack output grafana --stack ${stack} --show-secrets`,
    );
    console.log("It is reached until you end this with Ctrl-C.");
    setInterval(() => {}, 2 ** 31 - 1);
    return;
  }
  const child = spawn(command, args, { stdio: "inherit" });
  child.on("error", (error) => {
    console.error(`ops/grafana: ${error.message}`);
    process.exitCode = 127;
  });
  child.on("close", (code, signal) => (process.exitCode ??= code ?? 128 + constants.signals[signal!]));
}

try {
  main();
} catch (error) {
  console.error(`ops/grafana: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
