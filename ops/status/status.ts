import { projectName } from "../../config/project";
import { Deadline, type Inspected } from "../../hooks/lib/docker.mts";
import { DockerCli } from "../backups/docker";
import { askDockerOf, dockerEnvironment, readableResources } from "../stack/deployment";
import { findLeft } from "../point-in-time/leftovers";
import { OperatorError } from "../stack/errors";
import { certificateLines } from "./certificates";
import { DockerHost, type InspectedContainer } from "../host/inspect";
import { standInFor } from "./origin";
import { pulumiReport } from "./plugins";
import { reachOf, type ServiceStatus } from "./report";
import { judgeServing } from "./serving";

/** What of a stack runs where, and how well. */
export interface Status {
  stack: string;
  url: string;
  /** The Docker host. */
  where: string;
  services: ServiceStatus[];
  /** A sentence for each service that does not serve. */
  notServed: string[];
  /** A line for each container and volume that a killed restore has left. */
  left: string[];
  /** Which Pulumi is used, in words. */
  pulumi: string;
  grafana?: string;
  /** A line for each certificate. */
  certificates: string[];
}

/**
 * Looks at a deployed stack.
 *
 * @throws OperatorError where it is not deployed
 */
export async function statusOf(stack: string): Promise<Status> {
  const resources = readableResources(stack);
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  if (typeof outputs.url !== "string")
    throw new OperatorError(`stack ${stack} is not deployed; deploy it: ./dating up ${stack}`);
  const { url } = outputs;
  const environment = dockerEnvironment(resources);
  const host = new DockerHost(environment);
  const containers = host.containers(`dating.stack=${projectName}-${stack}`);
  askDockerOf(resources);
  const deadline = new Deadline(20);
  const judge = async (container: InspectedContainer) => {
    // What Docker said is the whole, of which each type is a part.
    const { trouble } = await judgeServing(container as InspectedContainer & Inspected, deadline);
    return trouble && `${container.Config.Labels?.["dating.service"] ?? container.Id}: ${trouble}`;
  };
  const [images, certificates, ...asked] = await Promise.all([
    host.imagesOf(containers),
    certificateLines(resources),
    ...containers.map(judge),
  ]);
  const services = containers.flatMap((container) => {
    const service = container.Config.Labels?.["dating.service"];
    if (!service) return [];
    const { Image: image } = container.Config;
    const { Running, StartedAt } = container.State;
    return [
      {
        ...{ service, state: stateOf(container), since: Running ? StartedAt : undefined },
        ...{ reached: reachOf(container, url), image },
        standIn: standInFor(image, images.get(container.Image)),
      },
    ];
  });
  services.sort((a, b) => (a.service < b.service ? -1 : 1));
  return {
    stack,
    url,
    where: environment.DOCKER_HOST ?? "this machine's Docker Engine",
    services,
    notServed: asked.filter((trouble) => trouble !== undefined).sort(),
    left: await leftLines(environment, stack),
    pulumi: pulumiReport(),
    grafana: (outputs.grafana as { url: string } | null | undefined)?.url,
    certificates,
  };
}

async function leftLines(environment: NodeJS.ProcessEnv, stack: string): Promise<string[]> {
  const { containers, volumes } = await findLeft(new DockerCli(environment), `${projectName}-${stack}`);
  return [
    ...containers.map(({ name, begun }) => `container ${name}, of ${begun.who} since ${begun.since}`),
    ...volumes.map((name) => `volume ${name}`),
  ];
}

function stateOf({ State }: InspectedContainer): string {
  return State.Running ? (State.Health?.Status ?? State.Status) : State.Status;
}
