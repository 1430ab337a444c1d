/*
 * Removes a stack with its volumes and passwords, after asking:
 *   ops/purge STACK
 */
import { execFileSync } from "node:child_process";
import { createInterface } from "node:readline/promises";

import { deployedResources } from "./deployment";

const [stack] = process.argv.slice(2);
if (!stack) {
  console.error("usage: ops/purge STACK");
  process.exit(2);
}

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

const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: "inherit" });
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
