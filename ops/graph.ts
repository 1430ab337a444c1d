import { writeFileSync } from "node:fs";

import { instance } from "@viz-js/viz";
import { program } from "commander";

import { dot, mermaid } from "./drawing/draw";
import { graphOf } from "./drawing/model";
import { registrations } from "./drawing/registrations";

program
  .name("ops/graph")
  .description(
    "Draws a stack from the program itself: services, networks, volumes, ports, and what needs what.\n" +
      "It runs the program against mocks, with Pulumi.STACK.yaml: no engine, no Docker, no passphrase.",
  )
  .argument("<stack>")
  .option("--svg <file>", "write a picture, instead of printing Mermaid")
  .parse();
const [stack] = program.processedArgs as [string];
const { svg } = program.opts<{ svg?: string }>();

async function main(): Promise<void> {
  const graph = graphOf(stack, await registrations(stack));
  if (svg) writeFileSync(svg, (await instance()).renderString(dot(graph), { format: "svg" }));
  else process.stdout.write(mermaid(graph));
}

main().catch((error: unknown) => {
  console.error(`ops/graph: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
