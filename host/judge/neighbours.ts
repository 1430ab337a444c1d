import { projectName } from "../../config/project";
import type { HostAnswers, ListedContainer } from "../asking/answers";
import type { Finding } from "../finding";
import type { Wanted } from "../wanted";

const label = "dating.stack";

/** What else is on the host, and has what the stack asks for: ports, volumes. */
export function judgeNeighbours(answers: HostAnswers, wanted: Wanted): Finding[] {
  const others = answers.containers.filter(({ Labels }) => Labels?.[label] !== wanted.prefix);
  return [...judgePorts(others, wanted), ...judgeVolumes(answers, others, wanted), ...otherStacks(others)];
}

function judgePorts(others: readonly ListedContainer[], { ports, stack }: Wanted): Finding[] {
  return ports.flatMap(({ port, key, ip }) => {
    const holder = others.find(({ Ports }) =>
      (Ports ?? []).some(
        ({ IP, PublicPort, Type }) => PublicPort === port && Type === "tcp" && collide(ip, IP ?? "0.0.0.0"),
      ),
    );
    if (!holder) return [];
    return {
      level: "refuse" as const,
      mayPass: true as const,
      what: `port ${port} (${projectName}:${key}) is published by the container ${nameOf(holder)}`,
      why: "Docker gives a port of the host to one container only",
      fix: `pulumi config set --stack ${stack} ${projectName}:${key} PORT, or stop that container`,
    };
  });
}

/** Whether two addresses of a host cannot both have one port. */
export function collide(one: string, other: string): boolean {
  const every = ["0.0.0.0", "::"];
  return one === other || every.includes(one) || every.includes(other);
}

function judgeVolumes(
  { volumes }: HostAnswers,
  others: readonly ListedContainer[],
  wanted: Wanted,
): Finding[] {
  return Object.entries(wanted.volumes).flatMap(([key, name]): Finding[] => {
    const owner = volumes.find((volume) => volume.Name === name)?.Labels?.[label];
    if (owner !== undefined && owner !== wanted.prefix) {
      return [
        {
          level: "refuse",
          what: `the volume ${name} (${key}) belongs to the stack ${owner}`,
          why: "two stacks would write into one another's data",
          fix: `name another: pulumi config set --stack ${wanted.stack} --path '${projectName}:volumes.${key}' NAME`,
        },
      ];
    }
    const user = others.find(
      ({ State, Mounts }) => State === "running" && (Mounts ?? []).some((mount) => mount.Name === name),
    );
    if (!user) return [];
    return [
      {
        level: "warn",
        what: `the volume ${name} (${key}) is in use by the container ${nameOf(user)}`,
        why: "the stack would write into it at the same time",
        fix: "stop that container first; a deployment that was made with Compose is taken over with ./dating adopt",
      },
    ];
  });
}

function otherStacks(others: readonly ListedContainer[]): Finding[] {
  const counts = new Map<string, number>();
  for (const { Labels } of others) {
    const stack = Labels?.[label];
    if (stack !== undefined) counts.set(stack, (counts.get(stack) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const list = [...counts].sort().map(([stack, count]) => `${stack} (${count} containers)`);
  return [
    {
      level: "note",
      what: `${counts.size === 1 ? "another stack is" : "other stacks are"} on the host: ${list.join(", ")}`,
      why: "each has its own names, networks and volumes; processor, memory and disk are shared",
    },
  ];
}

function nameOf({ Names, Id }: ListedContainer): string {
  return Names?.[0]?.replace(/^\//, "") ?? Id.slice(0, 12);
}
