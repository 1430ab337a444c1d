import { projectName } from "../../config/project";
import { Deadline } from "../../hooks/lib/docker.mts";
import { wrongOfEdge } from "../../hooks/lib/edge/edge.mts";
import { askDockerOf, deployedResources, type DeployedResource } from "../../ops/stack/deployment";
import { containerType, serviceOf } from "../../ops/drift/containers";
import { askFromHere } from "../../ops/status/from-here";
import { askServing, type Serving } from "../../ops/status/serving";
import { awaitServing, deployedReleases } from "../../ops/swarm/serving";
import { OperatorError } from "../../ops/stack/errors";
import { act, define } from "../command";
import { isOnSwarm } from "../on-swarm";

/** Milliseconds between two looks. */
const pause = 2_000;

/** What is wrong with a service as people reach it from here; undefined where nothing is. */
async function wrongFromHere(
  url: string,
  { answers }: Pick<Serving, "answers">,
): Promise<string | undefined> {
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

/** What speaks against each service of a swarm: one that does not serve was waited for until the deadline. */
async function lookAtSwarm(
  url: string,
  resources: DeployedResource[],
  deadline: Deadline,
): Promise<string[]> {
  const asked = deployedReleases(resources).map(async (release) => {
    try {
      const { service, answers } = await awaitServing(release, deadline);
      const trouble = await wrongFromHere(url, { answers });
      return trouble && `${service}: ${trouble}`;
    } catch (error) {
      return `${release.service}: ${(error as Error).message}`;
    }
  });
  return (await Promise.all(asked)).filter((trouble) => trouble !== undefined);
}

/** What speaks against each service. */
async function look(url: string, containers: DeployedResource[], deadline: Deadline): Promise<string[]> {
  const asked = containers.map(async (resource) => {
    const serving = await askServing(resource.id, deadline);
    const trouble = serving.trouble ?? (await wrongFromHere(url, serving));
    return trouble && `${serviceOf(resource)}: ${trouble}`;
  });
  return (await Promise.all(asked)).filter((trouble) => trouble !== undefined);
}

async function smoke(stack: string, { timeout }: { timeout: string }): Promise<void> {
  const resources = deployedResources(stack);
  const { url } = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  if (typeof url !== "string")
    throw new OperatorError(`stack ${stack} is not deployed; deploy it: ./dating up ${stack}`);
  askDockerOf(resources);
  const containers = resources.filter(({ type }) => type === containerType);
  const deadline = new Deadline(Number(timeout));
  const swarm = isOnSwarm(stack);
  for (;;) {
    const troubles = await (swarm ? lookAtSwarm(url, resources, deadline) : look(url, containers, deadline));
    if (troubles.length === 0) break;
    if (deadline.passed)
      throw new OperatorError(`stack ${stack} does not serve:\n  ${troubles.join("\n  ")}`);
    await deadline.sleep(pause);
  }
  const services = swarm
    ? deployedReleases(resources).map(({ service }) => service.slice(`${projectName}-${stack}-`.length))
    : containers.map(serviceOf);
  console.log(`${url} is served by what was deployed: ${services.sort().join(", ")}`);
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
