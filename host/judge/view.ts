import { projectName } from "../../config/project";
import type { HostAnswers } from "../asking/answers";
import type { Finding } from "../finding";
import type { HostView } from "../asking/view";
import type { Wanted } from "../wanted";
import { collide } from "./neighbours";

/** Bytes: a release brings 1 to 2 GiB of images beside the one before, and the logs of 14 services take up to 420 MB. */
const leastDisk = 5 * 1024 ** 3;

/** Disk, ports and socket, as far as they could be seen. */
export function judgeView({ containers }: HostAnswers, view: HostView, wanted: Wanted): Finding[] {
  const findings: Finding[] = [];
  const { disk, ipv6, listening = [], socket } = view;
  if (disk && disk.free < leastDisk) {
    findings.push({
      level: "warn",
      what: `the disk with Docker's data has ${gibibytes(disk.free)} GiB free of ${gibibytes(disk.total)}`,
      why: "on a full disk the database takes no writes, and no image can be pulled",
      fix: "see what takes it: docker system df -v",
    });
  }
  const published = new Set(containers.flatMap(({ Ports }) => (Ports ?? []).map((each) => each.PublicPort)));
  for (const { port, key, ip } of wanted.ports) {
    const taken = listening.some((listener) => listener.port === port && collide(ip, listener.ip));
    if (!taken || published.has(port)) continue;
    findings.push({
      level: "warn",
      what: `a process of the host listens on port ${port} (${projectName}:${key})`,
      why: "while it does, Docker cannot publish that port, and the service does not start",
      fix: `see which: ss --listening --tcp --processes 'sport = :${port}'; stop it, or pulumi config set --stack ${wanted.stack} ${projectName}:${key} PORT`,
    });
  }
  if (ipv6 === false && wanted.ipv6) {
    findings.push({
      level: "refuse",
      what: `the kernel of the host has no IPv6 (${projectName}:ipv6)`,
      why: "Docker cannot publish a port on addresses that are not there, and the edge does not start",
      fix: `pulumi config set --stack ${wanted.stack} ${projectName}:ipv6 false`,
    });
  }
  if (socket === false) {
    findings.push({
      level: "refuse",
      what: `there is no socket at ${wanted.dockerSocket} on the host (${projectName}:dockerSocket)`,
      why: "Docker makes an empty folder of that name, and the edge finds no service",
      fix: `pulumi config set --stack ${wanted.stack} ${projectName}:dockerSocket PATH, with the one that the engine listens on`,
    });
  }
  return findings;
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
