import { Deadline } from "../../hooks/lib/docker.mts";
import { wrongOfEdge } from "../../hooks/lib/edge/edge.mts";
import { askDockerOf, deployedResources, type DeployedResource } from "../../ops/stack/deployment";
import { containerType, serviceOf } from "../../ops/drift/containers";
import { askFromHere } from "../../ops/status/from-here";
import { askServing, type Serving } from "../../ops/status/serving";
import { awaitServing, deployedServices } from "../../ops/swarm/serving";
import { OperatorError } from "../../ops/stack/errors";
import { act, define } from "../command";
import { isOnSwarm } from "../on-swarm";

/** Milliseconds between two looks. */
const pause = 2_000;

/** What is wrong with a service as people reach it from here; undefined where nothing is. */
async function wrongFromHere(url: string, { answers }: Serving): Promise<string | undefined> {
  for (const { probe, answer } of answers) {
    try {
      const wrong = wrongOfEdge(probe, await askFromHere(url + probe.path), answer);
      if (wrong) return `from here, ${url}${wrong}`;
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error };
      return `from here, ${url}${probe.path} is not answered: ${cause?.message ?? message}`;
    }
  }
  return undefined;
}

/** A service, and how it is asked whether it does its work. */
interface Asked {
  service: string;
  ask: (deadline: Deadline) => Promise<Serving>;
}

/** The services of a stack. */
function servicesOf(stack: string, resources: DeployedResource[]): Asked[] {
  if (isOnSwarm(stack))
    return deployedServices(stack, resources).map((deployed) => ({
      service: deployed.service,
      ask: (deadline) => awaitServing(deployed, deadline),
    }));
  return resources
    .filter(({ type }) => type === containerType)
    .map((resource) => ({
      service: serviceOf(resource),
      ask: (deadline) => askServing(resource.id, deadline),
    }));
}

/** What speaks against each service. */
async function look(url: string, services: Asked[], deadline: Deadline): Promise<string[]> {
  const asked = services.map(async ({ service, ask }) => {
    const serving = await ask(deadline);
    const trouble = serving.trouble ?? (await wrongFromHere(url, serving));
    return trouble && `${service}: ${trouble}`;
  });
  return (await Promise.all(asked)).filter((trouble) => trouble !== undefined);
}

async function smoke(stack: string, { timeout }: { timeout: string }): Promise<void> {
  const resources = deployedResources(stack);
  const { url } = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const services = servicesOf(stack, resources);
  // Where there is nobody to ask, nobody says that anything is wrong.
  if (typeof url !== "string" || services.length === 0)
    throw new OperatorError(`stack ${stack} is not deployed; deploy it: ./dating up ${stack}`);
  askDockerOf(resources);
  const deadline = new Deadline(Number(timeout));
  for (;;) {
    const troubles = await look(url, services, deadline);
    if (troubles.length === 0) break;
    if (deadline.passed)
      throw new OperatorError(`stack ${stack} does not serve:\n  ${troubles.join("\n  ")}`);
    await deadline.sleep(pause);
  }
  const names = services.map(({ service }) => service).sort();
  console.log(`${url} is served by what was deployed: ${names.join(", ")}`);
}

export const command = define(
  "smoke",
  "Checks that a deployed stack serves people: each container is healthy, the edge sends requests only to the deployed\n" +
    "release, and the public address, asked from here, answers as that release does. Exit code 0 only if all of this is so.",
  ["smoke prod", "smoke prod --timeout 300"],
)
  .argument("<stack>")
  .option("--timeout <seconds>", "how long to wait for that", "60");
act(command, smoke);
