import { projectName } from "../../config/project";
import type { HostAnswers } from "../asking/answers";
import type { Finding } from "../finding";
import type { Wanted } from "../wanted";

/** The names in `docker info`'s security options: `name=seccomp,profile=builtin` is `seccomp`. */
export function securityOptions({ info }: Pick<HostAnswers, "info">): Set<string> {
  return new Set(
    (info.SecurityOptions ?? []).map((option) => option.replace(/^name=/, "").split(",", 1)[0]!),
  );
}

/** What the engine confines containers with, and what that means for the one that opens its socket. */
export function judgeSecurity(answers: HostAnswers, { dockerSocket, ports, stack }: Wanted): Finding[] {
  const options = securityOptions(answers);
  const findings: Finding[] = [];
  if (options.has("rootless")) {
    if (dockerSocket === "/var/run/docker.sock") {
      findings.push({
        level: "refuse",
        what: `the engine is rootless, and ${projectName}:dockerSocket is /var/run/docker.sock`,
        why: "socket-proxy would find no socket of this engine there, and the edge no service",
        fix: `pulumi config set --stack ${stack} ${projectName}:dockerSocket /run/user/UID/docker.sock, with the number that \`id -u\` prints on the host`,
      });
    }
    const low = ports.filter(({ port }) => port < 1024);
    findings.push({
      level: "warn",
      what: "the engine is rootless, which was not tried with the stack",
      why: "it publishes ports by itself, hides the clients' addresses, and limits memory with cgroup v2 and systemd only",
      fix:
        low.length === 0
          ? undefined
          : `ports below 1024 (${low.map(({ port }) => port).join(", ")}) need on the host: sysctl net.ipv4.ip_unprivileged_port_start=${Math.min(...low.map(({ port }) => port))}`,
    });
  }
  if (options.has("selinux")) {
    findings.push({
      level: "warn",
      what: "the engine runs with SELinux, which was not tried with the stack",
      why: "socket-proxy runs without SELinux's confinement (label=disable), as that forbids the Docker socket; the others keep it",
    });
  }
  if (options.has("userns")) {
    findings.push({
      level: "note",
      what: "the engine maps containers' users to others of the host (userns-remap)",
      why: "socket-proxy alone keeps the host's users, as only they may open the socket; volumes that were made without userns-remap are not seen",
    });
  }
  if (!options.has("seccomp")) {
    findings.push({
      level: "warn",
      what: "the engine has no seccomp profile",
      why: "containers may make every system call",
      fix: 'use a kernel with CONFIG_SECCOMP_FILTER, and no seccomp-profile "unconfined" in the engine\'s configuration',
    });
  }
  if (!options.has("apparmor") && !options.has("selinux")) {
    findings.push({
      level: "note",
      what: "the host has neither AppArmor nor SELinux",
      why: "containers are confined by namespaces, capabilities and seccomp alone",
    });
  }
  return findings;
}
