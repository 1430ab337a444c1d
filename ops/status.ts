import { program } from "commander";

import { Deadline, type Inspected } from "../hooks/lib/docker.mts";
import { askDockerOf, deployedResources, dockerEnvironment } from "./deployment";
import { certificateLines } from "./host/certificates";
import { DockerHost, type InspectedContainer } from "./host/inspect";
import { standInFor } from "./host/origin";
import { pulumiReport } from "./host/pulumi";
import { reachOf, statusReport } from "./host/report";
import { judgeServing } from "./host/serving";

program
  .name("ops/status")
  .description("Says what of a stack runs where, under which addresses, and what is a stand-in.")
  .argument("<stack>")
  .parse();
const [stack] = program.processedArgs as [string];

async function main(): Promise<void> {
  const resources = deployedResources(stack);
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  if (typeof outputs.url !== "string") {
    throw new Error(`stack ${stack} is not deployed; deploy it: pulumi up --stack ${stack}`);
  }
  const { url } = outputs;
  const environment = dockerEnvironment(resources);
  const host = new DockerHost(environment);
  const containers = host.containers(`dating.stack=dating-${stack}`);
  const images = host.imagesOf(containers);
  askDockerOf(resources);
  const deadline = new Deadline(20);
  const asked = await Promise.all(
    containers.map(async (container) => {
      // What Docker said is the whole, of which each type is a part.
      const { trouble } = await judgeServing(container as InspectedContainer & Inspected, deadline);
      return trouble && `${container.Config.Labels?.["dating.service"] ?? container.Id}: ${trouble}`;
    }),
  );
  const troubles = asked.filter((trouble) => trouble !== undefined);
  const services = containers.flatMap((container) => {
    const service = container.Config.Labels?.["dating.service"];
    const { Image: image } = container.Config;
    const standIn = standInFor(image, images.get(container.Image));
    return service
      ? [{ service, state: stateOf(container), reached: reachOf(container, url), image, standIn }]
      : [];
  });
  services.sort((a, b) => (a.service < b.service ? -1 : 1));
  const where = environment.DOCKER_HOST ?? "this machine's Docker Engine";
  console.log(statusReport(stack, url, where, services, pulumiReport()));
  if (troubles.length > 0) console.log(["Not served:", ...troubles.sort()].join("\n  "));
  const grafana = outputs.grafana as { url: string } | null | undefined;
  if (grafana) console.log(`Grafana:         ${grafana.url}`);
  for (const line of await certificateLines(resources)) console.log(line);
}

function stateOf({ State }: InspectedContainer): string {
  return State.Running ? (State.Health?.Status ?? State.Status) : State.Status;
}

main().catch((error: unknown) => {
  console.error(`ops/status: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
