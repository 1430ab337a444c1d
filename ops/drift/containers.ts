import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";

import { extract } from "tar-stream";

import type { DeployedResource } from "../stack/deployment";
import { compareContainer, type Difference } from "./compare";
import { nameOf, type Finding } from "./findings";
import type { DockerHost, InspectedContainer } from "../host/inspect";

/** The type of a container in the state. */
export const containerType = "docker:index/container:Container";

/** Name and value of the labels that a stack's containers carry. */
export function labelsOf(resource: DeployedResource): Record<string, string> {
  const labels = (resource.inputs.labels ?? []) as { label: string; value: string }[];
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}

/** The first part of every name of the stack that the containers of a state are of; undefined where it has none. */
export function stackOf(resources: DeployedResource[]): string | undefined {
  return resources
    .filter(({ type }) => type === containerType)
    .map((resource) => labelsOf(resource)["dating.stack"])
    .find(Boolean);
}

/** The service that a container runs, as people call it. */
export function serviceOf(resource: DeployedResource): string {
  return labelsOf(resource)["dating.service"] ?? nameOf(resource.urn);
}

/**
 * Compares each container of a stack with the state, in everything that `docker inspect` and the files in it tell.
 *
 * A container that was replaced by hand has another id. The one that holds its name, or else its service's labels, is
 * taken for the replacement and compared in its place. One that a failed deploy has left to be deleted may still serve.
 *
 * @param resources all that the stack's state has
 */
export async function inspectContainers(resources: DeployedResource[], host: DockerHost): Promise<Finding[]> {
  const containers = resources.filter(({ type }) => type === containerType);
  const deployed = containers.filter(({ replaced }) => !replaced);
  const stack = stackOf(resources);
  const known = new Set(containers.map(({ id }) => id));
  const foreign = (stack ? host.containers(`dating.stack=${stack}`) : []).filter(({ Id }) => !known.has(Id));

  const findings: Finding[] = [];
  for (const resource of deployed) {
    const { urn, inputs } = resource;
    const subject = serviceOf(resource);
    const named = host.container(String(inputs.name));
    const own = host.container(resource.id);
    const substitutes = [
      ...(named && !known.has(named.Id) ? [named] : []),
      ...foreign.filter(
        ({ Id, Config }) => Id !== named?.Id && Config.Labels?.["dating.service"] === subject,
      ),
    ];
    for (const { Id, Name } of substitutes) {
      findings.push({
        urn,
        subject,
        text: `the container ${Name.slice(1)} was not deployed${own ? "" : ": it stands in for the one that was"}`,
        intruder: { id: Id, holdsTheName: Name.slice(1) === inputs.name },
      });
    }
    const container = own ?? substitutes[0];
    if (!own) findings.push({ urn, subject, text: "its container is gone", seenByEngine: true });
    if (!container) continue;
    const differences = [
      ...compare(resource, container, host),
      ...(await compareFiles(resource, container, host)),
    ];
    findings.push(...differences.map((difference) => ({ urn, subject, ...difference })));
    if (!container.State.Running) findings.push(notRunning(resource, container, containers, host));
  }
  return findings;
}

function notRunning(
  resource: DeployedResource,
  { Id, State }: InspectedContainer,
  containers: DeployedResource[],
  host: DockerHost,
): Finding {
  const { urn, inputs } = resource;
  const before = containers
    .filter((other) => other.replaced && other.urn === urn)
    .map(({ id }) => host.container(id))
    .find((container) => container?.State.Running);
  const text = `its container does not run (${State.Status})`;
  const finding = { urn, subject: serviceOf(resource), property: "mustRun" };
  if (before)
    return { ...finding, text: `${text}; ${before.Name.slice(1)}, the one before it, serves. Deploy again` };
  // The provider has an eye on the others.
  return { ...finding, text, ...(inputs.mustRun === false && { stopped: Id }) };
}

function compare(resource: DeployedResource, container: InspectedContainer, host: DockerHost): Difference[] {
  const { inputs, secretInputs } = resource;
  const images = { wanted: host.image(String(inputs.image)), own: host.image(container.Image) };
  return compareContainer(inputs, secretInputs, container, images);
}

/** Compares the files that were put into a container by their hash; contents are shown to nobody. */
async function compareFiles(
  { inputs }: DeployedResource,
  container: InspectedContainer,
  host: DockerHost,
): Promise<Difference[]> {
  const uploads = (inputs.uploads ?? []) as { file: string; content?: string; contentBase64?: string }[];
  const differences: Difference[] = [];
  for (const { file, content, contentBase64 } of uploads) {
    const wanted = contentBase64 ? Buffer.from(contentBase64, "base64") : Buffer.from(content ?? "");
    const found = await fileIn(container, file, host);
    if (found && hash(found) === hash(wanted)) continue;
    differences.push({
      property: "uploads",
      text: `the file ${file} ${found ? "has another content" : "is missing"}`,
    });
  }
  return differences;
}

async function fileIn(
  container: InspectedContainer,
  path: string,
  host: DockerHost,
): Promise<Buffer | undefined> {
  let archive: Buffer;
  try {
    archive = host.run(["cp", `${container.Id}:${path}`, "-"]);
  } catch (error) {
    if (/could not find|no such/i.test(String((error as { stderr?: Buffer }).stderr))) return undefined;
    throw error;
  }
  const chunks: Buffer[] = [];
  const unpacked = extract();
  unpacked.on("entry", (_, stream, next) => {
    stream.on("data", (chunk) => chunks.push(chunk as Buffer));
    stream.on("end", next);
  });
  await pipeline([archive], unpacked);
  return Buffer.concat(chunks);
}

const hash = (content: Buffer) => createHash("sha256").update(content).digest("hex");
