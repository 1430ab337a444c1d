import { writeFileSync } from "node:fs";

import { instance } from "@viz-js/viz";

import { dot, mermaid, withDarkSide } from "../../ops/drawing/draw";
import { graphOf } from "../../ops/drawing/model";
import { registrations } from "../../ops/drawing/registrations";
import { act, define, fromCaller } from "../command";

async function graph(stack: string, { svg }: { svg?: string }): Promise<void> {
  const drawn = graphOf(stack, await registrations(stack));
  if (svg) writeFileSync(svg, withDarkSide((await instance()).renderString(dot(drawn), { format: "svg" })));
  else process.stdout.write(mermaid(drawn));
}

export const command = define(
  "graph",
  "Draws a stack from the program itself: services, networks, volumes, ports, and what needs what.\n" +
    "It runs the program against mocks, with Pulumi.STACK.yaml, and needs no Pulumi engine, Docker or passphrase.",
  ["graph dev", "graph prod --svg prod.svg"],
)
  .argument("<stack>")
  .option("--svg <file>", "write a picture, instead of printing Mermaid", fromCaller);
act(command, graph);
