import { spawn } from "node:child_process";
import { constants } from "node:os";

import { projectName } from "../../config/project";
import { deployedResources } from "../../ops/stack/deployment";
import { reachGrafana } from "../../ops/host/reach-grafana";
import { OperatorError } from "../../ops/stack/errors";
import { act, define } from "../command";

function grafana(stack: string, [command, ...args]: string[]): void {
  const reached = reachGrafana(deployedResources(stack));
  if (!reached)
    throw new OperatorError(`stack ${stack} has no Grafana: deploy it with ${projectName}:monitoring`);
  if (command === undefined) {
    console.log(
      `${reached.url}\nUser and password: pulumi stack output grafana --stack ${stack} --show-secrets`,
    );
    console.log("It is reached until you end this with Ctrl-C.");
    setInterval(() => {}, 2 ** 31 - 1);
    return;
  }
  const child = spawn(command, args, { stdio: "inherit" });
  child.on("error", (error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 127;
  });
  child.on("close", (code, signal) => (process.exitCode ??= code ?? 128 + constants.signals[signal!]));
}

export const command = define(
  "grafana",
  "Opens a tunnel to a stack's Grafana, if its host needs one, and prints the address.\n" +
    "The tunnel stays open until Ctrl-C, or while COMMAND runs.",
  ["grafana prod", "grafana prod -- pulumi up --refresh --stack prod"],
)
  .argument("<stack>")
  .argument("[command...]", "a command to run while the tunnel is open, after --");
act(command, grafana);
