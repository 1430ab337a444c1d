import { projectName } from "../../config/project";
import { Deadline } from "../../hooks/lib/docker.mts";
import { findService, tasksOf } from "../../hooks/lib/swarm.mts";
import { askDockerOf, deployedResources, dockerEnvironment } from "../stack/deployment";
import { pulumiReport } from "../status/plugins";
import { nodeNames } from "./nodes";
import { OperatorError } from "../stack/errors";

/** What of a stack runs on which node of a swarm. */
export interface SwarmStatus {
  stack: string;
  url: string;
  where: string;
  services: SwarmServiceStatus[];
  pulumi: string;
}

export interface SwarmServiceStatus {
  service: string;
  /** Tasks that run, and are healthy by Swarm's own account, and how many there are to be. */
  running: number;
  wanted: number;
  /** What Swarm says of its last update; undefined where it was never updated. */
  update?: string;
  /** The nodes of those that run. */
  nodes: string[];
  /** Of those that are to run and do not: why, in the swarm's words. */
  errors: string[];
}

/** Type token of a Swarm service. */
export const serviceType = "docker:index/service:Service";

/**
 * Looks at a stack that a swarm runs.
 *
 * @throws OperatorError where it is not deployed, or Docker cannot be asked
 */
export async function swarmStatusOf(stack: string): Promise<SwarmStatus> {
  const resources = deployedResources(stack);
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  if (typeof outputs.url !== "string")
    throw new OperatorError(`stack ${stack} is not deployed; deploy it: ./dating up ${stack}`);
  askDockerOf(resources);
  const deadline = new Deadline(20);
  const names = resources.filter(({ type }) => type === serviceType).map(({ inputs }) => String(inputs.name));
  const nodes = await nodeNames(deadline);
  const services = await Promise.all(
    names.sort().map(async (name): Promise<SwarmServiceStatus> => {
      const service = await findService(name, deadline);
      const wanted = (await (service ? tasksOf(name, deadline) : [])).filter(
        ({ DesiredState }) => DesiredState === "running",
      );
      const running = wanted.filter(({ Status }) => Status.State === "running");
      return {
        service: name.slice(`${projectName}-${stack}-`.length),
        running: running.length,
        wanted: service?.Spec.Mode.Replicated?.Replicas ?? 0,
        update: service ? service.UpdateStatus?.State || undefined : "the service is gone",
        nodes: running.map(({ NodeID }) => nodes.get(NodeID ?? "") ?? "?").sort(),
        errors: wanted.flatMap(({ Status: { State, Err, Message } }) =>
          State === "running" ? [] : [`${State}: ${Err || Message || ""}`],
        ),
      };
    }),
  );
  const where = dockerEnvironment(resources).DOCKER_HOST ?? "this machine's Docker Engine";
  return { stack, url: outputs.url, where, services, pulumi: pulumiReport() };
}

/** The same for people. */
export function swarmReport({ stack, url, where, services, pulumi }: SwarmStatus): string {
  const rows = services.map(({ service, running, wanted, update, nodes, errors }) =>
    [
      service.padEnd(12),
      `${running}/${wanted}`,
      [nodes.join(", "), update, ...errors].filter(Boolean).join("; "),
    ].join("  "),
  );
  return [
    `Stack ${stack} on the swarm of ${where}:`,
    ...rows.map((row) => `  ${row.trimEnd()}`),
    `Deploys use:     ${pulumi}`,
    `The application: ${url}`,
  ].join("\n");
}
