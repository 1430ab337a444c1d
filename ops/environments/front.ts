import { spawnSync } from "node:child_process";

import { projectName } from "../../config/project";
import { OperatorError } from "../stack/errors";
import type { StackFile } from "../stack/file";
import { labelOf } from "./names";

/** How an environment is served by the edge of another stack. */
export interface Front {
  /** Its host name, below that stack's `dating:previewDomain`. */
  domain: string;
  /** Its settings, by their keys. */
  settings: Record<string, string | string[]>;
}

/**
 * What an environment has of the stack whose edge leads to it.
 *
 * @param like whose Docker host it gets
 * @param file of the stack whose edge leads to it
 * @param named a host name that somebody has named
 * @throws OperatorError where that stack serves no environments, or not there
 */
export function frontFor(stack: string, like: StackFile, file: StackFile, named: string | undefined): Front {
  const behind = file.stack;
  const setting = (key: string) => {
    const value = file.value(key);
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  const below = setting("previewDomain");
  if (named !== undefined)
    throw new OperatorError(
      `--domain and --behind do not go together: ${behind} serves it under a name of its own`,
    );
  if (below === undefined)
    throw new OperatorError(
      `${behind} serves no preview environments: ${projectName}:previewDomain is missing. Let all names below one lead to its host, and then:\n` +
        `  pulumi config set --stack ${behind} ${projectName}:previewDomain ${setting("domain") ?? "staging.example.com"} && ./dating up ${behind}`,
    );
  if (setting("dockerHost") !== like.value("dockerHost"))
    throw new OperatorError(
      `${behind} is on another Docker host than ${like.stack}, and its edge reaches its own alone`,
    );
  const tls = setting("tls") ?? "off";
  return {
    domain: `${labelOf(stack)}.${below}`,
    settings: {
      behind,
      behindTls: tls,
      behindPort: tls === "off" ? (setting("httpPort") ?? "80") : (setting("httpsPort") ?? "443"),
      trustedProxies: [rangeOfNetwork(`${projectName}-${behind}-previews`, behind, setting("dockerHost"))],
    },
  };
}

/** The addresses of the network that both edges are on: who comes from there says who asked. */
function rangeOfNetwork(network: string, behind: string, dockerHost: string | undefined): string {
  const { status, stdout, stderr } = spawnSync(
    "docker",
    ["network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", network],
    { encoding: "utf8", env: { ...process.env, ...(dockerHost && { DOCKER_HOST: dockerHost }) } },
  );
  const subnet = stdout.trim().split(" ")[0];
  if (status === 0 && subnet) return subnet;
  throw new OperatorError(
    /no such network|not found/i.test(stderr)
      ? `${behind} was not deployed since it has ${projectName}:previewDomain: ./dating up ${behind}`
      : `Docker does not say what the network ${network} is: ${stderr.trim()}`,
  );
}
