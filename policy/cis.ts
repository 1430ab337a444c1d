import { grantable } from "./containers";
import type { Evidence, Inspected } from "./inspected";

/** A check of section 5 of the CIS Docker Benchmark, and how the stack stands to it. */
export type CisCheck = { id: string; title: string } & (Met | Waived);

export interface Met {
  /** What makes it so. */
  by: string;
  /** Where it is not so, and why that is no fault. */
  but?: string;
  /** The pack's rule that watches over it; who need not keep the rule need not pass the check. */
  rule?: string;
  /** Whether what runs passes the check. */
  holds: (evidence: Evidence) => boolean;
}

export interface Waived {
  /** Why the stack does without. */
  waived: string;
}

/** The benchmark's numbers and titles are those of versions 1.6 and 1.7. */
export const cisChecks: CisCheck[] = [
  {
    id: "5.1",
    title: "swarm mode is not enabled, if not needed",
    waived: "The stack needs no swarm; whether its host is in one is for the host's owner to say.",
  },
  {
    id: "5.2",
    title: "an AppArmor profile is enabled, if applicable",
    by: "Nothing turns Docker's own profile off; it holds where the host has AppArmor.",
    rule: "default-confinement",
    holds: ({ container }) =>
      container.AppArmorProfile !== "unconfined" && !option(container, /^apparmor[:=]unconfined/),
  },
  {
    id: "5.3",
    title: "SELinux security options are set, if applicable",
    by: "Nothing turns Docker's labels off; they hold where the engine runs with SELinux.",
    rule: "selinux-label",
    holds: ({ container }) => !option(container, /^label[:=]disable/),
  },
  {
    id: "5.4",
    title: "Linux kernel capabilities are restricted",
    by: "All are dropped; postgres keeps the five with which its image's entry point hands the volume to its user.",
    rule: "capabilities",
    holds: ({ container: { HostConfig } }) =>
      (HostConfig.CapDrop ?? []).includes("ALL") &&
      (HostConfig.CapAdd ?? []).every((capability) => grantable.includes(capability)),
  },
  {
    id: "5.5",
    title: "privileged containers are not used",
    by: "None is.",
    rule: "not-privileged",
    holds: ({ container }) => !container.HostConfig.Privileged,
  },
  {
    id: "5.6",
    title: "sensitive host directories are not mounted",
    by: "No path of the host is mounted.",
    rule: "no-host-path",
    holds: ({ container }) => container.Mounts.every(({ Type }) => Type !== "bind"),
  },
  {
    id: "5.7",
    title: "sshd is not run",
    by: "No image has one.",
    holds: ({ processes }) => !processes.some((process) => process.includes("sshd")),
  },
  {
    id: "5.8",
    title: "privileged ports are not mapped",
    waived:
      "People look for a web server on the host's ports 80 and 443. In the container, Traefik's are above 1024.",
  },
  {
    id: "5.9",
    title: "only needed ports are open",
    by: "No service publishes a port; Grafana's is on the host's loopback, for operators.",
    rule: "no-published-port",
    holds: ({ container }) =>
      published(container).every(({ HostIp }) => ["127.0.0.1", "::1"].includes(HostIp)),
  },
  {
    id: "5.10",
    title: "the host's network namespace is not shared",
    by: "Each container has its own.",
    rule: "no-host-namespace",
    holds: ({ container }) => container.HostConfig.NetworkMode !== "host",
  },
  {
    id: "5.11",
    title: "memory is limited",
    by: "`memory` of each service, without swap.",
    rule: "memory-limit",
    holds: ({ container: { HostConfig } }) =>
      HostConfig.Memory > 0 && HostConfig.MemorySwap === HostConfig.Memory,
  },
  {
    id: "5.12",
    title: "CPU priority is set",
    waived:
      "All services have Docker's equal share. It counts only while the processors are busy, and a quota would slow starts, and with them rollouts.",
  },
  {
    id: "5.13",
    title: "the root file system is read-only",
    by: "What has to be written is in volumes and in temporary file systems.",
    but: "what gets files: the Docker provider puts none into a read-only container; the reason is in its label `dating.writable-because`",
    rule: "read-only-file-system",
    holds: ({ container: { Config, HostConfig } }) =>
      HostConfig.ReadonlyRootfs || Boolean(Config.Labels["dating.writable-because"]),
  },
  {
    id: "5.14",
    title: "incoming traffic is bound to a specific host interface",
    by: "What is published is published on loopback.",
    rule: "no-published-port",
    holds: ({ container }) =>
      published(container).every(({ HostIp }) => HostIp === "127.0.0.1" || HostIp === "::1"),
  },
  {
    id: "5.15",
    title: "the restart policy is on-failure, with 5 attempts",
    waived:
      "`unless-stopped`: after a restart of the host, and after the sixth crash of a bad night, a service has to come back without anybody. A deploy of what does not start fails.",
  },
  {
    id: "5.16",
    title: "the host's process namespace is not shared",
    by: "Each container has its own.",
    rule: "no-host-namespace",
    holds: ({ container }) => container.HostConfig.PidMode !== "host",
  },
  {
    id: "5.17",
    title: "the host's IPC namespace is not shared",
    by: "Each container has its own.",
    rule: "no-host-namespace",
    holds: ({ container }) => container.HostConfig.IpcMode === "private",
  },
  {
    id: "5.18",
    title: "host devices are not exposed",
    by: "None is.",
    rule: "not-privileged",
    holds: ({ container }) => (container.HostConfig.Devices ?? []).length === 0,
  },
  {
    id: "5.19",
    title: "the default ulimit is overwritten if needed",
    by: "`nproc` is; the others are the host's.",
    rule: "process-limit",
    holds: ({ container }) => (container.HostConfig.Ulimits ?? []).some(({ Name }) => Name === "nproc"),
  },
  {
    id: "5.20",
    title: "mount propagation is not shared",
    by: "No mount asks for it.",
    holds: ({ container }) => container.Mounts.every(({ Propagation }) => !/shared/.test(Propagation)),
  },
  {
    id: "5.21",
    title: "the host's UTS namespace is not shared",
    by: "Each container has its own; the provider knows no other.",
    holds: ({ container }) => container.HostConfig.UTSMode !== "host",
  },
  {
    id: "5.22",
    title: "the default seccomp profile is not disabled",
    by: "Nothing turns it off.",
    rule: "default-confinement",
    holds: ({ container }) => !option(container, /^seccomp[:=]/),
  },
  {
    id: "5.23",
    title: "docker exec is not used with the privileged option",
    by: "No hook and no command does.",
    holds: ({ dockerCalls }) => !dockerCalls.some((call) => /^exec .*--privileged/.test(call)),
  },
  {
    id: "5.24",
    title: "docker exec is not used with the user=root option",
    by: "Hooks and commands name the user: psql runs as postgres, and what passes a question on as nobody.",
    holds: ({ dockerCalls }) =>
      dockerCalls
        .filter((call) => call.startsWith("exec "))
        .every((call) => / --user (?!root|0\b)/.test(call)),
  },
  {
    id: "5.25",
    title: "cgroup usage is confirmed",
    by: "Each container is in the engine's own cgroup.",
    holds: ({ container }) => container.HostConfig.CgroupParent === "",
  },
  {
    id: "5.26",
    title: "additional privileges cannot be acquired",
    by: "`no-new-privileges`.",
    rule: "no-new-privileges",
    holds: ({ container }) => option(container, /^no-new-privileges(:true)?$/),
  },
  {
    id: "5.27",
    title: "container health is checked at runtime",
    by: "No `Workload` can be written without a health check, and a deploy waits for it.",
    rule: "health-check",
    holds: ({ container }) => container.State.Health?.Status === "healthy",
  },
  {
    id: "5.28",
    title: "the latest version of the image is used",
    waived:
      "What was tested is what runs: images are pinned by digest. `make lock-images STACK=… ARGS=--check` shows what is newer.",
  },
  {
    id: "5.29",
    title: "the PIDs cgroup limit is used",
    waived:
      "The Docker provider has no such argument. `nproc` limits the processes of each container's user, over all its containers on the host; root has no such limit, so what runs as root is held by its memory limit alone.",
  },
  {
    id: "5.30",
    title: "Docker's default bridge docker0 is not used",
    by: "Each container is on the stack's own networks alone.",
    rule: "own-networks",
    holds: ({ container }) => !Object.keys(container.NetworkSettings.Networks).includes("bridge"),
  },
  {
    id: "5.31",
    title: "the host's user namespaces are not shared",
    by: "No container opts out of the engine's user namespaces, where it has them.",
    rule: "user-namespace",
    holds: ({ container }) => container.HostConfig.UsernsMode !== "host",
  },
  {
    id: "5.32",
    title: "the Docker socket is not mounted",
    by: "Traefik asks a proxy that lets a few reading calls through.",
    rule: "no-docker-socket",
    holds: ({ container }) => container.Mounts.every(({ Source }) => !Source.endsWith("docker.sock")),
  },
];

function option({ HostConfig }: Inspected, pattern: RegExp): boolean {
  return (HostConfig.SecurityOpt ?? []).some((option) => pattern.test(option));
}

function published({ HostConfig }: Inspected): { HostIp: string }[] {
  return Object.values(HostConfig.PortBindings ?? {}).flat();
}
