import { projectName } from "../../config/project";
import type { HostAnswers } from "../asking/answers";
import type { Finding } from "../finding";
import type { Wanted } from "../wanted";

/** The oldest API that the program and its commands get along with: that of Docker Engine 20.10. */
const oldestApi = "1.41";

/** Engines that the tests run on, as the table in docs/hosts.md has them. */
export const triedEngines = ["20.10", "29.8"];

/** Storage drivers that the tests run on: overlayfs is the one of containerd's image store. */
const triedDrivers = ["overlay2", "overlayfs"];

/** What kind of engine it is, and whether it is one that was tried. */
export function judgeEngine(
  { version, info }: HostAnswers,
  { orchestrator }: Pick<Wanted, "orchestrator">,
): Finding[] {
  const findings: Finding[] = [];
  if (info.OSType !== "linux") {
    findings.push({
      level: "refuse",
      what: `the engine runs ${info.OSType} containers`,
      why: "every image of the stack is a Linux one",
      fix: `switch it to Linux containers, or name another host: ${projectName}:dockerHost`,
    });
  }
  if (isOlder(version.ApiVersion, oldestApi)) {
    findings.push({
      level: "refuse",
      what: `Docker Engine ${version.Version} is too old: its API is ${version.ApiVersion}`,
      why: `the stack needs API ${oldestApi}, which Docker Engine 20.10 brought`,
      fix: "install a current one: https://docs.docker.com/engine/install/",
    });
  } else if (!triedEngines.some((tried) => version.Version.startsWith(`${tried}.`))) {
    findings.push({
      level: "note",
      what: `Docker Engine ${version.Version} was not tried with the stack`,
      why: `the stack was tried with ${triedEngines.join(" and ")}`,
    });
  }
  if (!triedDrivers.includes(info.Driver)) {
    findings.push({
      level: "note",
      what: `the storage driver is ${info.Driver}`,
      why: `the stack was tried with ${triedDrivers.join(" and ")}`,
    });
  }
  if (info.LiveRestoreEnabled) {
    findings.push({
      level: "note",
      what: "containers go on while the engine is restarted (live-restore)",
      why: "meanwhile health is not checked, and a container that stops is not started again",
    });
  }
  if (info.Swarm?.LocalNodeState === "active" && orchestrator !== "swarm") {
    findings.push({
      level: "note",
      what: "the engine is part of a swarm",
      why: "the stack runs as plain containers on this host beside it",
    });
  }
  return findings;
}

/** Whether an API version, as in `1.41`, is before another. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = than.split(".").map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
