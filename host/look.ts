import * as pulumi from "@pulumi/pulumi";

import type { Config } from "../config";
import { askHost, withNodes, type HostAnswers, type ListedContainer } from "./asking/answers";
import { askClient } from "./asking/client";
import { NoAnswer } from "./asking/connection";
import { render, renderRefusals } from "./finding";
import { viewFromHere } from "./here";
import { judge } from "./judge";
import { stateAlone, stateOnlyVariable } from "./state-only";
import { wantedBy } from "./wanted";

/** What the program knows of its Docker host before it registers anything. */
export interface Host {
  /**
   * The engine that answered. Undefined in a preview that got no answer, and in a run against mocks: what depends on
   * it has to take the newest engine then, so that a preview is the same wherever it is made.
   */
  engine?: Engine;
  /** Images of the stack that are not there. */
  missingImages: string[];
  /** Whether the host's kernel has IPv6; undefined where that was not to be seen. */
  ipv6?: boolean;
  /** The container that runs a service of the stack, and its image; undefined where it does not run. */
  running(service: string): { id: string; image: string } | undefined;
  /** A label of the container that runs a service of the stack; undefined where it has none, or none runs. */
  labelOf(service: string, label: string): string | undefined;
  /** A volume's name, if it is there. */
  existing(volume: string): string | undefined;
}

/** What is known of a host that was not asked. */
const unseen: Host = {
  missingImages: [],
  running: () => undefined,
  labelOf: () => undefined,
  existing: () => undefined,
};

/** What components may need to know of an engine. It is the same for whoever asks, and changes with the engine only. */
export interface Engine {
  /** As in `29.7.2`. */
  version: string;
  /** The newest API that it serves, as in `1.55`. */
  apiVersion: string;
  /** Images are kept in containerd, and every one has a digest. */
  containerdImages: boolean;
  cgroupVersion: 1 | 2;
}

let looking = true;

/** For a run of the program against mocks, which is to need no engine. */
export function lookAway(): void {
  looking = false;
}

/**
 * Looks at the Docker host before anything is touched, in previews too: asks it once, warns of what a deploy should know,
 * and refuses one that would fail or hurt what runs there.
 *
 * An engine that does not answer fails a deploy. A preview goes on without: it compares with the state alone, as does one that
 * is not to ask.
 *
 * @param images references of the images that are to be there
 * @throws RunError that lists every reason at once, each with what to do
 */
export function lookAtHost(config: Config, prefix: string, images: string[]): Host {
  if (!looking) return unseen;
  const { dockerHost } = config;
  const preview = pulumi.runtime.isDryRun();
  if (preview && process.env[stateOnlyVariable]) {
    void pulumi.log.warn(`The Docker host was not asked: ${stateAlone}.`);
    return unseen;
  }
  let answers: HostAnswers;
  try {
    answers = askHost(images, dockerHost);
    if (config.orchestrator === "swarm") answers = withNodes(answers, dockerHost);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const told = unreachable(dockerHost, error.message, preview);
    if (!preview) throw new pulumi.RunError(told);
    void pulumi.log.warn(told);
    return unseen;
  }
  // The CLI is what a deploy's hooks call; a preview calls none.
  const client = preview ? undefined : askClient(dockerHost);
  const seen = { answers, client, view: viewFromHere(answers.info, dockerHost) };
  const findings = judge(seen, wantedBy(pulumi.getStack(), prefix, config, images));
  const refusals = findings.filter(({ level, mayPass }) => level === "refuse" && !(preview && mayPass));
  for (const finding of findings.filter(({ level }) => level !== "note")) {
    if (!refusals.includes(finding)) void pulumi.log.warn(`Docker host: ${render(finding)}`);
  }
  if (refusals.length > 0) throw new pulumi.RunError(renderRefusals(nameOf(dockerHost), refusals));
  const runningOf = (service: string) =>
    answers.containers.find(
      ({ State, Labels }) =>
        State === "running" && Labels?.["dating.stack"] === prefix && Labels["dating.service"] === service,
    );
  return {
    engine: engineOf(answers),
    // A port that is published there says it of a host that is elsewhere.
    ipv6: seen.view.ipv6 ?? (answers.containers.some(publishesOnIpv6) || undefined),
    missingImages: [...new Set(images)].filter((image) => !answers.images.has(image)),
    running: (service) => {
      const container = runningOf(service);
      return container && { id: container.Id, image: container.Image };
    },
    labelOf: (service, label) => runningOf(service)?.Labels?.[label],
    existing: (name) => (answers.volumes.some((volume) => volume.Name === name) ? name : undefined),
  };
}

function publishesOnIpv6({ Ports }: ListedContainer): boolean {
  return (Ports ?? []).some(({ IP }) => IP === "::");
}

/** What of the answers components may depend on. */
export function engineOf({ version, info }: HostAnswers): Engine {
  return {
    version: version.Version,
    apiVersion: version.ApiVersion,
    containerdImages: (info.DriverStatus ?? []).some(
      ([name, value]) => name === "driver-type" && value.startsWith("io.containerd."),
    ),
    cgroupVersion: info.CgroupVersion === "2" ? 2 : 1,
  };
}

/** How a Docker host is called in messages. */
export function nameOf(dockerHost: string | undefined): string {
  return `The Docker Engine at ${dockerHost ?? process.env.DOCKER_HOST ?? "the local socket"}`;
}

/** What is said of an engine that does not answer. */
export function unreachable(dockerHost: string | undefined, reason: string, preview = false): string {
  const where = dockerHost ?? process.env.DOCKER_HOST;
  return [
    `${nameOf(dockerHost)} does not answer; ${preview ? stateAlone : "nothing was changed"}.`,
    ...reason.split("\n").map((line) => `  ${line}`),
    `This has to work first: ${where ? `DOCKER_HOST=${where} ` : ""}docker version`,
  ].join("\n");
}
