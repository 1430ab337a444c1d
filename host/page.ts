import type { HostSeen } from "./judge";
import { isOlder } from "./judge/engine";
import { securityOptions } from "./judge/security";
import { render, type Finding } from "./finding";
import type { Wanted } from "./wanted";

const words = { refuse: "REFUSED", warn: "WARNING", note: "note" } as const;

/** What was seen of a Docker host and what follows from it, as `make doctor` prints it. */
export function page(where: string, seen: HostSeen, wanted: Wanted, findings: readonly Finding[]): string {
  return [
    `The Docker host of stack ${wanted.stack}: ${where}`,
    "",
    ...facts(seen, wanted).map(([name, value]) => `  ${name.padEnd(10)} ${value}`),
    "",
    ...findings.flatMap((finding) => [`${words[finding.level]}: ${render(finding)}`, ""]),
    verdict(findings),
    ...(findings.some(({ level }) => level === "refuse")
      ? []
      : [`What it would change: ./dating preview ${wanted.stack}`]),
  ].join("\n");
}

function facts({ answers, client, view }: HostSeen, wanted: Wanted): [string, string][] {
  const { version, info, containers, networks, images } = answers;
  const firewall = info.FirewallBackend;
  const options = [...securityOptions(answers)].join(", ") || "none";
  const startInterval = isOlder(version.ApiVersion, "1.44")
    ? ", too old for start intervals of health checks"
    : "";
  const own = containers.filter(({ Labels }) => Labels?.["dating.stack"] === wanted.prefix);
  return [
    [
      "engine",
      `Docker Engine ${version.Version}, API ${version.MinAPIVersion ?? "?"} to ${version.ApiVersion}${startInterval}`,
    ],
    ["CLI", client?.version ? `${client.version}, talks API ${client.apiVersion}` : "not asked"],
    [
      "host",
      `${info.Name}: ${info.OperatingSystem}, ${info.Architecture}, kernel ${info.KernelVersion ?? "?"}`,
    ],
    [
      "images",
      `${info.Driver} in ${info.DockerRootDir}; ${images.size} of the stack's ${new Set(wanted.images).size} are there`,
    ],
    [
      "disk",
      view.disk ? `${gibibytes(view.disk.free)} GiB free of ${gibibytes(view.disk.total)}` : "not seen",
    ],
    [
      "memory",
      `${gibibytes(info.MemTotal)} GiB, of which the stack may use ${(wanted.memory / 1024).toFixed(1)}`,
    ],
    [
      "cgroups",
      `version ${info.CgroupVersion ?? 1}, ${info.CgroupDriver ?? "?"}; memory ${limits(info.MemoryLimit)}, swap ${limits(info.SwapLimit)}`,
    ],
    ["security", options],
    ["networks", `${networks.length}${firewall ? `, firewall by ${firewall.Driver}` : ""}`],
    ["socket", view.socket === undefined ? `${wanted.dockerSocket} (not seen)` : wanted.dockerSocket],
    ["containers", `${own.length} of the stack, ${containers.length - own.length} others`],
  ];
}

function limits(counted: boolean | undefined): string {
  return counted === false ? "cannot be limited" : "can be limited";
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}

function verdict(findings: readonly Finding[]): string {
  const refused = findings.filter(({ level }) => level === "refuse").length;
  const warned = findings.filter(({ level }) => level === "warn").length;
  if (refused > 0) return "A deploy would be refused.";
  if (warned > 0) return `A deploy would begin, with ${warned === 1 ? "a warning" : `${warned} warnings`}.`;
  return "Nothing speaks against a deploy.";
}
