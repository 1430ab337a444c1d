import { grantable, isSecret } from "./containers";
import type { Rule, Subject } from "./rule";

const type = "docker:index/service:Service";

/** What of a Swarm service the rules read, in the provider's spelling. */
interface ServiceInputs {
  taskSpec?: {
    containerSpec?: {
      image?: string;
      env?: Record<string, string>;
      capDrops?: string[];
      capAdds?: string[];
      healthcheck?: { tests?: string[] };
      mounts?: { type: string; source?: string; readOnly?: boolean }[];
    };
    resources?: { limits?: { memoryBytes?: number } };
    placement?: { constraints?: string[] };
    logDriver?: { name?: string; options?: Record<string, string> };
  };
  endpointSpec?: { mode?: string; ports?: { publishMode?: string }[] };
  updateConfig?: { failureAction?: string };
}

/** A rule about Swarm services that finds at most one thing wrong. */
function rule(
  name: string,
  description: string,
  problem: (service: ServiceInputs, subject: Subject) => string | undefined,
): Rule {
  return {
    ...{ name: `swarm-${name}`, description, type },
    violations: (subject) =>
      [problem(subject.props as ServiceInputs, subject)].filter((text) => text !== undefined),
  };
}

/** What every Swarm service of a stack keeps to. What a service cannot say for itself is in docs/several-hosts.md. */
export const serviceRules: Rule[] = [
  rule("health-check", "Swarm goes back from a release that does not get healthy.", ({ taskSpec }) =>
    (taskSpec?.containerSpec?.healthcheck?.tests ?? []).length < 2
      ? "has no health check: give containerSpec.healthcheck.tests a command"
      : undefined,
  ),
  rule("rollback", "A release that fails leaves the one before it serving.", ({ updateConfig }) =>
    updateConfig?.failureAction === "rollback"
      ? undefined
      : 'stays with a release that fails: set failureAction to "rollback"',
  ),
  rule("log-rotation", "A log that is not rotated fills the disk.", ({ taskSpec }) => {
    const { name, options } = taskSpec?.logDriver ?? {};
    return name === "json-file" && options?.["max-size"] && options["max-file"]
      ? undefined
      : "does not rotate its log: set logDriver to json-file, with max-size and max-file";
  }),
  rule("memory-limit", "One service must not take a node's memory.", ({ taskSpec }) =>
    taskSpec?.resources?.limits?.memoryBytes
      ? undefined
      : "has no memory limit: set resources.limits.memoryBytes",
  ),
  rule("capabilities", "Root in a container has no more rights than its start needs.", ({ taskSpec }) => {
    const { capDrops = [], capAdds = [] } = taskSpec?.containerSpec ?? {};
    const excess = capAdds.filter((capability) => !grantable.includes(capability));
    if (!capDrops.includes("ALL")) return 'keeps Docker\'s default capabilities: drop "ALL"';
    return excess.length > 0 ? `has capabilities that nothing here needs: ${excess.join(", ")}` : undefined;
  }),
  rule("bound-volume", "A task that moves to another node finds an empty volume there.", ({ taskSpec }) => {
    const owns = (taskSpec?.containerSpec?.mounts ?? []).some((mount) => mount.type === "volume");
    const bound = (taskSpec?.placement?.constraints ?? []).some((each) =>
      /^node\.labels\..+\.data==yes$/.test(each),
    );
    return owns && !bound
      ? "has a volume and may move to a node without it: constrain it to the data's node"
      : undefined;
  }),
  rule(
    "no-virtual-address",
    "Virtual addresses fail without a word where the kernel has no IPVS.",
    ({ endpointSpec }) =>
      endpointSpec?.mode === "dnsrr" &&
      (endpointSpec.ports ?? []).every(({ publishMode }) => publishMode === "host")
        ? undefined
        : 'is reached by a virtual address or the ingress mesh: set mode to "dnsrr", and publishMode to "host"',
  ),
  rule(
    "no-secret-in-environment",
    "Who may ask a manager for services sees every environment.",
    ({ taskSpec }) => {
      const secret = Object.entries(taskSpec?.containerSpec?.env ?? {}).flatMap(([name, value]) =>
        isSecret(`${name}=${value}`) ? [name] : [],
      );
      return secret.length > 0
        ? `has secrets in its environment: deliver ${secret.join(", ")} as files`
        : undefined;
    },
  ),
  rule("pinned-image", "Each node gets the same image: a tag can move.", ({ taskSpec }) => {
    const image = taskSpec?.containerSpec?.image ?? "";
    return /@sha256:[0-9a-f]{64}$/.test(image) ? undefined : `runs ${image}: pin it by digest`;
  }),
];
