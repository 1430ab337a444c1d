import { execFileSync } from "node:child_process";
import { createInterface } from "node:readline/promises";

import { program } from "commander";

import { deployedResources, dockerEnvironment } from "./deployment";

program
  .name("ops/purge")
  .description("Removes a stack with its volumes and passwords, after asking.")
  .argument("<stack>")
  .parse();
const [stack] = program.processedArgs as [string];

const resources = deployedResources(stack);
const volumes = resources
  .filter(({ type }) => type === "docker:index/volume:Volume")
  .map(({ inputs }) => String(inputs.name));
console.log("This deletes for good, with all data in them:");
console.log(
  [`stack ${stack} with its passwords`, ...volumes.map((name) => `volume ${name}`)]
    .map((line) => `  ${line}`)
    .join("\n"),
);

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { stdio: "inherit", env: dockerEnvironment(resources) });
const terminal = createInterface({ input: process.stdin, output: process.stdout });
void terminal.question("Type the stack's name to go on: ").then((answer) => {
  terminal.close();
  if (answer.trim() !== stack) {
    console.log("Nothing was changed.");
    process.exit(1);
  }
  run("pulumi", "state", "unprotect", "--all", "--yes", "--stack", stack);
  run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", stack);
  if (volumes.length > 0) run("docker", "volume", "rm", ...volumes);
});
