import { projectName } from "../../config/project";
import type { HostAnswers } from "../asking/answers";
import type { Finding } from "../finding";
import type { Wanted } from "../wanted";

/** Seconds by which the host's clock may be wrong: beyond, logs and metrics cannot be laid beside one another. */
const clockTolerance = 30;

/** Memory, images and the clock: what the host has against what the stack asks. */
export function judgeResources(answers: HostAnswers, wanted: Wanted): Finding[] {
  return [...judgeMemory(answers, wanted), ...judgeImages(answers), ...judgeClock(answers)];
}

function judgeMemory({ info }: HostAnswers, { memory }: Wanted): Finding[] {
  const findings: Finding[] = [];
  const total = Math.round(info.MemTotal / 1024 ** 2);
  if (memory > total) {
    findings.push({
      level: "warn",
      what: `the services may take ${memory} MiB together, and the host has ${total}`,
      why: "if they do, the kernel kills one of them, or something else on the host",
      fix: `lower limits with ${projectName}:memory, turn ${projectName}:monitoring off, or take a larger host`,
    });
  }
  if (info.MemoryLimit === false) {
    findings.push({
      level: "warn",
      what: "the kernel does not limit memory (no memory cgroup)",
      why: "one service can take all of the host's, and every preview with --refresh shows its limit as a change",
      fix: "start the kernel with cgroup_enable=memory swapaccount=1; with a rootless engine, use cgroup v2 and systemd",
    });
  } else if (info.SwapLimit === false) {
    findings.push({
      level: "warn",
      what: "the kernel does not count swap (no swap limit support)",
      why: "services may swap beyond their memory limit, and every preview with --refresh shows memorySwap as a change",
      fix: "start the kernel with swapaccount=1",
    });
  }
  if (info.CgroupDriver === "none") {
    findings.push({
      level: "warn",
      what: "the engine uses no cgroups",
      why: "the limits of the services have no effect",
      fix: "a rootless engine needs cgroup v2 and systemd",
    });
  }
  return findings;
}

/** How Go spells what `uname -m` says. */
const architectures: Record<string, string> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armv7l: "arm",
  armv6l: "arm",
};

function judgeImages({ info, containers, images }: HostAnswers): Finding[] {
  const host = architectures[info.Architecture] ?? info.Architecture;
  // Where the host emulates the other processor, a container that runs shows it.
  const running = new Set(
    containers.filter(({ State }) => State === "running").map(({ ImageID }) => ImageID),
  );
  return [...images]
    .filter(([, { Architecture, Id }]) => Architecture !== "" && Architecture !== host && !running.has(Id))
    .map(([reference, { Architecture }]) => ({
      level: info.OperatingSystem === "Docker Desktop" ? ("warn" as const) : ("refuse" as const),
      what: `${reference} is for ${Architecture}, and the host is ${host}`,
      why: "its programs do not start there, unless the host emulates the other processor",
      fix: `pin one that has ${host}: docker buildx imagetools inspect NAME:TAG lists what there is`,
    }));
}

function judgeClock({ info, askedAt }: HostAnswers): Finding[] {
  const ahead = Math.round((Date.parse(info.SystemTime) - askedAt) / 1000);
  if (Number.isNaN(ahead) || Math.abs(ahead) <= clockTolerance) return [];
  return [
    {
      level: "warn",
      what: `the host's clock is ${Math.abs(ahead)} s ${ahead > 0 ? "ahead of" : "behind"} this machine's`,
      why: "certificates, sessions, the backup's schedule and the order of logs follow the host's",
      fix: "let both follow a time server: timedatectl set-ntp true",
    },
  ];
}
