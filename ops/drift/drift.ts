import { Deadline } from "../../hooks/lib/docker.mts";
import { allResources, askDockerOf, dockerEnvironment, type DeployedResource } from "../stack/deployment";
import { containerType, inspectContainers, serviceOf } from "./containers";
import { previewRefresh } from "./engine";
import type { Finding } from "./findings";
import { lookIntoGrafana } from "./grafana";
import { DockerHost } from "../host/inspect";
import { tryRoles } from "./roles";
import { askServing } from "../status/serving";

/** What was found, and what it was compared with. */
export interface Drift {
  findings: Finding[];
  resources: DeployedResource[];
  host: DockerHost;
  /** The resources that cannot be compared or brought back now: what keeps them does not answer. */
  outOfReach: string[];
  /** What could not be asked from here, each with the reason. It is no drift. */
  notCompared: string[];
}

/**
 * Compares what runs with what was deployed last: by the engine's refresh, by looking into the containers, and by
 * logging in to the database. Changes nothing.
 */
export async function findDrift(stack: string): Promise<Drift> {
  const all = allResources(stack);
  const resources = all.filter(({ replaced }) => !replaced);
  const host = new DockerHost(dockerEnvironment(resources));
  const inspected = [...(await inspectContainers(all, host)), ...tryRoles(resources, host)];
  const idle = await findIdle(resources, inspected);
  const { findings: inGrafana, outOfReach, notCompared } = await lookIntoGrafana(resources);
  const findings = merge(inspected, previewRefresh(stack, outOfReach), resources);
  return {
    findings: [...findings, ...idle, ...inGrafana],
    resources,
    host,
    outOfReach,
    notCompared: notCompared === undefined ? [] : [notCompared],
  };
}

/** The containers that run as deployed and do not do their work. */
async function findIdle(resources: DeployedResource[], inspected: Finding[]): Promise<Finding[]> {
  askDockerOf(resources);
  const deadline = new Deadline(20);
  const told = new Set(inspected.map(({ urn }) => urn));
  const asked = resources
    .filter(({ type, urn }) => type === containerType && !told.has(urn))
    .map(async (resource): Promise<Finding[]> => {
      const { trouble } = await askServing(resource.id, deadline);
      return trouble ? [{ urn: resource.urn, subject: serviceOf(resource), text: trouble }] : [];
    });
  return (await Promise.all(asked)).flat();
}

/** What both looks found is told once: in the words of the inspection, which knows more. */
function merge(inspected: Finding[], refreshed: Finding[], resources: DeployedResource[]): Finding[] {
  const containers = new Map(
    resources
      .filter(({ type }) => type === containerType)
      .map((resource) => [resource.urn, serviceOf(resource)]),
  );
  const same = (a: Finding, b: Finding) => a.urn === b.urn && a.property === b.property;
  const both = inspected.map((finding): Finding => {
    const seen = finding.property !== undefined && refreshed.some((other) => same(finding, other));
    return seen ? { ...finding, seenByEngine: true } : finding;
  });
  const further = refreshed.filter(
    (finding) =>
      !inspected.some((other) => same(finding, other)) &&
      // A container that is gone was found by both.
      !(containers.has(finding.urn) && finding.property === undefined),
  );
  const named = further.map((finding) => ({
    ...finding,
    subject: containers.get(finding.urn) ?? finding.subject,
  }));
  return [...both, ...named];
}
