import { labelOf, type Rule, type Subject } from "./rule";

const type = "docker:index/container:Container";

/** A rule about containers that finds at most one thing wrong. */
function rule(name: string, description: string, problem: (subject: Subject) => string | undefined): Rule {
  return {
    name,
    description,
    type,
    violations: (subject) => [problem(subject)].filter((text) => text !== undefined),
  };
}

/** What an official image's entry point needs to hand its volume to its user and to become that user. */
export const grantable = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID"];

/** Host namespaces that a container could share. */
const namespaces = ["networkMode", "pidMode", "ipcMode"];

/** What every container of a stack keeps to. `Workload` makes it so; the rules hold for what is made without it too. */
export const containerRules: Rule[] = [
  rule("health-check", "A deploy waits for health: without a check it waits for nothing.", ({ props }) => {
    const tests = (props.healthcheck as { tests?: string[] } | undefined)?.tests ?? [];
    return tests.length < 2 ? "has no health check: give healthcheck.tests a command" : undefined;
  }),
  rule("log-rotation", "A log that is not rotated fills the disk.", ({ props }) => {
    const options = (props.logOpts ?? {}) as Record<string, string>;
    return props.logDriver === "json-file" && options["max-size"] && options["max-file"]
      ? undefined
      : "does not rotate its log: set logDriver to json-file, with max-size and max-file in logOpts";
  }),
  rule("memory-limit", "One service must not take the host's memory, nor its swap.", ({ props }) =>
    props.memory && props.memory === props.memorySwap
      ? undefined
      : "has no memory limit without swap: set memory, and memorySwap to the same",
  ),
  rule("restart", "A service comes back after a crash and after the host's restart.", ({ props }) =>
    props.restart === "unless-stopped" || props.restart === "always"
      ? undefined
      : 'does not come back after a crash: set restart to "unless-stopped"',
  ),
  rule("process-limit", "A fork bomb stays in its container.", ({ props }) => {
    const limits = (props.ulimits ?? []) as { name: string }[];
    return limits.some(({ name }) => name === "nproc")
      ? undefined
      : "has no process limit: give it a ulimit nproc";
  }),
  rule("capabilities", "Root in a container has no more rights than its start needs.", ({ props }) => {
    const { drops = [], adds = [] } = (props.capabilities ?? {}) as { drops?: string[]; adds?: string[] };
    if (!drops.includes("ALL")) return 'keeps Docker\'s default capabilities: drop "ALL"';
    const excess = adds.filter((capability) => !grantable.includes(capability));
    return excess.length > 0 ? `has capabilities that nothing here needs: ${excess.join(", ")}` : undefined;
  }),
  rule("no-new-privileges", "A setuid program gives nobody more rights.", ({ props }) =>
    ((props.securityOpts ?? []) as string[]).includes("no-new-privileges:true")
      ? undefined
      : 'may gain privileges: add "no-new-privileges:true" to securityOpts',
  ),
  rule("not-privileged", "A privileged container is the host.", ({ props }) =>
    props.privileged || ((props.devices ?? []) as unknown[]).length > 0
      ? "is privileged or has a device of the host: remove privileged and devices"
      : undefined,
  ),
  // An image's own user is not known here; a test looks at what runs.
  rule("non-root", "What breaks out of a container is not root on the host.", ({ props }) =>
    /^(0|root)(:|$)/.test((props.user as string | undefined) ?? "")
      ? "is told to run as root: remove user, or name another"
      : undefined,
  ),
  rule("read-only-file-system", "An intruder finds no place to stay.", (subject) =>
    subject.props.readOnly || labelOf(subject, "dating.writable-because")
      ? undefined
      : "can write its root file system: set readOnly, with tmpfs for what it has to write, " +
        "or say why not in the label dating.writable-because",
  ),
  rule("no-host-namespace", "A container sees no processes and interfaces but its own.", ({ props }) => {
    const shared = namespaces.filter((namespace) => props[namespace] === "host");
    return shared.length > 0 ? `shares a namespace of the host: remove ${shared.join(", ")}` : undefined;
  }),
  rule(
    "user-namespace",
    "Where the engine maps users, root in a container is nobody on the host.",
    ({ props }) => (props.usernsMode === "host" ? "keeps the host's users: remove usernsMode" : undefined),
  ),
  rule(
    "own-networks",
    "Docker's default bridge lets every container on the host see the others.",
    ({ props }) =>
      ((props.networksAdvanced ?? []) as unknown[]).length === 0
        ? "is on Docker's default bridge: give it networksAdvanced"
        : undefined,
  ),
  rule("default-confinement", "Docker's seccomp and AppArmor profiles stay on.", ({ props }) =>
    turnedOff(props, /unconfined/),
  ),
  rule("selinux-label", "Docker's SELinux labels stay on.", ({ props }) =>
    turnedOff(props, /^label[:=]disable/),
  ),
  rule("no-docker-socket", "Who has the Docker socket has the host.", ({ props }) =>
    hostPaths(props).some(({ hostPath }) => hostPath.endsWith("docker.sock"))
      ? "has the Docker socket: ask the socket proxy"
      : undefined,
  ),
  rule(
    "no-host-path",
    "A container sees no files of the host, which may be another machine.",
    ({ props }) => {
      const paths = hostPaths(props).map(({ hostPath }) => hostPath);
      return paths.length > 0
        ? `sees the host's ${paths.join(", ")}: use a named volume, or files`
        : undefined;
    },
  ),
  rule("read-only-host-path", "Where the host's files are seen, they are not changed.", ({ props }) => {
    const writable = hostPaths(props).filter(({ readOnly }) => !readOnly);
    return writable.length > 0
      ? `can write the host's ${writable.map(({ hostPath }) => hostPath).join(", ")}: mount it readOnly`
      : undefined;
  }),
  rule("no-published-port", "People reach the edge and nothing else.", ({ props }) => {
    const ports = (props.ports ?? []) as { ip?: string; external?: number }[];
    const open = ports.filter(({ ip }) => ip !== "127.0.0.1" && ip !== "::1");
    return open.length > 0
      ? `publishes a port on all interfaces (${open.map(({ external }) => external ?? "any").join(", ")}): set ip to 127.0.0.1`
      : undefined;
  }),
  rule(
    "no-secret-in-environment",
    "`docker inspect` shows an environment to everybody who may ask.",
    ({ props }) => {
      const secret = ((props.envs ?? []) as string[]).filter(isSecret).map((pair) => pair.split("=", 1)[0]!);
      return secret.length > 0
        ? `has secrets in its environment: deliver ${secret.join(", ")} as files`
        : undefined;
    },
  ),
  rule("pinned-image", "What was tested is what runs: a tag can move.", ({ props, stack }) => {
    const image = props.image as string;
    if (/@sha256:[0-9a-f]{64}$/.test(image)) return undefined;
    const development = !/^(prod|staging)/.test(stack);
    // Named by a hash of what it was built from.
    if (development && /^dating-mini-app\/[a-z0-9-]+:[0-9a-f]{12}$/.test(image)) return undefined;
    return `runs ${image}, which can change: pin it by digest with \`make lock-images STACK=${stack}\``;
  }),
];

function turnedOff(props: Record<string, unknown>, options: RegExp): string | undefined {
  const off = ((props.securityOpts ?? []) as string[]).filter((option) => options.test(option));
  return off.length > 0
    ? `turns off what confines it: remove ${off.join(", ")} from securityOpts`
    : undefined;
}

/** By the variable's name, or because its value is an address with a password in it. */
export function isSecret(pair: string): boolean {
  const name =
    /^[^=]*(PASS|PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?|DATABASE_URL|DSN)=/i;
  return name.test(pair) || /:\/\/[^/\s:@]*:[^/\s@]+@/.test(pair);
}

function hostPaths(props: Record<string, unknown>): { hostPath: string; readOnly?: boolean }[] {
  const volumes = (props.volumes ?? []) as { hostPath?: string; readOnly?: boolean }[];
  return volumes.filter((volume): volume is { hostPath: string } => volume.hostPath !== undefined);
}
