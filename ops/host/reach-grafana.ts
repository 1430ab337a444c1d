import { grafanaTunnel, openTunnel } from "../../host/tunnel";
import { dockerEnvironment, type DeployedResource } from "../stack/deployment";
import { containerType, serviceOf } from "../drift/containers";

/** The stack's Grafana as this machine reaches it; undefined where the stack has none. */
export interface ReachableGrafana {
  provider: DeployedResource;
  url: string;
  /** Name and password of its administrator, with a colon between. */
  auth: string;
}

/**
 * Opens the tunnel that a deployed stack's Grafana is reached through, where it needs one, until this process ends. What then
 * does not answer is told by whoever asks it.
 */
export function reachGrafana(resources: DeployedResource[]): ReachableGrafana | undefined {
  const provider = resources.find(({ type }) => type === "pulumi:providers:grafana");
  if (!provider) return undefined;
  const { url, auth } = provider.inputs as unknown as Omit<ReachableGrafana, "provider">;
  const container = resources.find(
    (resource) => resource.type === containerType && serviceOf(resource) === "grafana",
  );
  const [port] = (container?.inputs.ports ?? []) as { external: number }[];
  // urn:pulumi:STACK::PROJECT::TYPE::NAME
  const [, , stack = "", , project = ""] = provider.urn.split(":");
  const { DOCKER_HOST: dockerHost } = dockerEnvironment(resources);
  const config = { dockerHost, grafanaPort: port?.external ?? 0, grafanaUrl: undefined, monitoring: true };
  const tunnel = port && grafanaTunnel(config, `${project}-${stack}`);
  if (tunnel && url === `http://localhost:${tunnel.localPort}`) {
    const why = openTunnel(tunnel, process.pid);
    if (why) console.error(`No tunnel to Grafana on ${tunnel.dockerHost}: ${why}`);
  }
  return { provider, url, auth };
}
