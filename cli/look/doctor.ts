import { imageFor, imagesFor, keys } from "../../config/keys";
import { projectName } from "../../config/project";
import { askHost, withNodes } from "../../host/asking/answers";
import { askClient } from "../../host/asking/client";
import { NoAnswer } from "../../host/asking/connection";
import { viewFromHere } from "../../host/here";
import { judge, type HostSeen } from "../../host/judge";
import { unreachable } from "../../host/look";
import { page } from "../../host/page";
import { probe } from "../../host/asking/probe";
import { wantedBy, type Wanted } from "../../host/wanted";
import { localImage } from "../../images/content";
import { StackFile } from "../../ops/stack/file";
import { OperatorError } from "../../ops/stack/errors";
import { act, define, json, printJson, type CommonOptions } from "../command";

/** The keys that say what the stack asks of its host. Read from the stack's file, as no secret is needed for them. */
const hostKeys = keys.pick({
  behind: true,
  dockerHost: true,
  dockerSocket: true,
  grafanaPort: true,
  httpPort: true,
  httpsPort: true,
  ipv6: true,
  logCollector: true,
  images: true,
  localImages: true,
  memory: true,
  monitoring: true,
  networkRange: true,
  orchestrator: true,
  previewDomain: true,
  postgresVersion: true,
  tls: true,
  volumes: true,
});

function readWanted(stack: string): { wanted: Wanted; dockerHost: string | undefined } {
  const file = new StackFile(stack);
  const raw = Object.keys(hostKeys.shape).flatMap((name): [string, string][] => {
    const value = file.value(name);
    if (value === undefined) return [];
    return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
  });
  const result = hostKeys.safeParse(Object.fromEntries(raw));
  if (!result.success) {
    const problems = result.error.issues.map(
      ({ path, message }) => `  ${projectName}:${path.join(".")} ${message}`,
    );
    throw new OperatorError(`Pulumi.${stack}.yaml has to be mended first:\n${problems.join("\n")}`);
  }
  const config = result.data;
  const images = imagesFor(config.monitoring, config.logCollector).flatMap((name) => {
    const image =
      config.images[name] ??
      (config.localImages ? localImage(imageFor(name, config.postgresVersion)) : undefined);
    return image === undefined ? [] : [image];
  });
  return {
    wanted: wantedBy(stack, `${projectName}-${stack}`, config, images),
    dockerHost: config.dockerHost,
  };
}

/** From a container where one can be had, as it sees more; an engine on this machine is seen without one, too. */
function look(wanted: Wanted, dockerHost: string | undefined): HostSeen {
  const asked = askHost(wanted.images, dockerHost);
  const answers = wanted.orchestrator === "swarm" ? withNodes(asked, dockerHost) : asked;
  const client = askClient(dockerHost);
  const here = viewFromHere(answers.info, dockerHost);
  const [image] = answers.images.keys();
  if (image === undefined || client.problem) return { answers, client, view: here };
  try {
    return { answers, client, view: { ...here, ...probe(image, wanted.dockerSocket, dockerHost) } };
  } catch (error) {
    console.error(`No container shows more of the host: ${(error as Error).message}`);
    return { answers, client, view: here };
  }
}

function doctor(stack: string, options: CommonOptions): number | void {
  const { wanted, dockerHost } = readWanted(stack);
  const where = dockerHost ?? process.env.DOCKER_HOST ?? "the local socket";
  try {
    const seen = look(wanted, dockerHost);
    const findings = judge(seen, wanted);
    if (options.json) printJson({ stack, where, engine: seen.answers.version, view: seen.view, findings });
    else console.log(page(where, seen, wanted, findings));
    return findings.some(({ level }) => level === "refuse") ? 1 : undefined;
  } catch (error) {
    if (error instanceof NoAnswer) throw new OperatorError(unreachable(dockerHost, error.message));
    throw error;
  }
}

export const command = define(
  "doctor",
  "Checks a stack's Docker host as a deploy does before it touches anything, and then more closely, from a temporary\n" +
    "container. Needs no state and no secret, so it works before the first deploy.\n" +
    "Exit code 0: a deploy would begin, 1: it would be refused, or the host does not answer.",
  ["doctor prod", "doctor prod --json"],
)
  .argument("<stack>")
  .addOption(json());
act(command, doctor);
