import { createInterface } from "node:readline/promises";

import { program } from "commander";

import { deployedResources } from "./deployment";
import { removeWithData, volumesOf } from "./remove-stack";

program
  .name("ops/purge")
  .description("Removes a stack with its volumes and passwords, after asking.")
  .argument("<stack>")
  .parse();
const [stack] = program.processedArgs as [string];

const resources = deployedResources(stack);
console.log("This deletes for good, with all data in them:");
console.log(
  [`stack ${stack} with its passwords`, ...volumesOf(resources).map((name) => `volume ${name}`)]
    .map((line) => `  ${line}`)
    .join("\n"),
);

const terminal = createInterface({ input: process.stdin, output: process.stdout });
void terminal.question("Type the stack's name to go on: ").then((answer) => {
  terminal.close();
  if (answer.trim() !== stack) {
    console.log("Nothing was changed.");
    process.exit(1);
  }
  removeWithData(stack, resources);
});
