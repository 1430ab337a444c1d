import { projectName } from "../../config/project";
import type { HostAnswers, ListedNetwork } from "../asking/answers";
import type { Finding } from "../finding";
import { overlap, roomIn, usualPools } from "../ranges";
import type { Wanted } from "../wanted";

/** Addresses, and what the engine's configuration changes for the stack's networks. */
export function judgeNetworks(answers: HostAnswers, wanted: Wanted): Finding[] {
  const { info, networks } = answers;
  const own = networks.filter(({ Labels }) => Labels?.["dating.stack"] === wanted.prefix);
  const others = networks.filter((network) => !own.includes(network));
  const findings = [...judgeRange(wanted, others), ...judgeRoom(answers, wanted, own)];
  const deaf = own.filter(({ Options }) => Options?.["com.docker.network.bridge.enable_icc"] === "false");
  for (const { Name } of deaf) {
    findings.push({
      level: "refuse",
      what: `containers on the network ${Name} may not talk to one another`,
      why: "the engine's configuration gave it enable_icc=false by default-network-opts",
      fix: `take that out of the engine's daemon.json, then ./dating down ${wanted.stack}, and deploy`,
    });
  }
  // What iptables: false does to Docker's own network; the API tells of it nowhere else.
  const masquerade = networks.find(({ Name }) => Name === "bridge")?.Options?.[
    "com.docker.network.bridge.enable_ip_masquerade"
  ];
  if (masquerade === "false") {
    findings.push({
      level: "warn",
      what: "the engine translates no addresses (iptables or ip-masq is off in its configuration)",
      why: "containers reach nothing outside unless the host's own rules let them, and without iptables networks are not kept apart",
      fix: "take both out of the engine's daemon.json, or write the host's rules for the stack's networks",
    });
  }
  if (info.IPv4Forwarding === false) {
    findings.push({
      level: "warn",
      what: "the host forwards no IPv4 packets",
      why: "containers reach nothing outside, and Telegram and certificate authorities are outside",
      fix: "on the host: sysctl net.ipv4.ip_forward=1",
    });
  }
  if (info.FirewallBackend && !/^iptables/.test(info.FirewallBackend.Driver)) {
    findings.push({
      level: "note",
      what: `the engine's firewall rules are made with ${info.FirewallBackend.Driver}`,
      why: "the stack was tried with iptables only",
    });
  }
  return findings;
}

function subnetsOf(networks: readonly ListedNetwork[]): { name: string; subnet: string }[] {
  return networks.flatMap(({ Name, IPAM }) =>
    (IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet ? [{ name: Name, subnet: Subnet }] : [])),
  );
}

function judgeRange({ networkRange, stack }: Wanted, others: readonly ListedNetwork[]): Finding[] {
  if (networkRange === undefined) return [];
  return subnetsOf(others)
    .filter(({ subnet }) => overlap(networkRange, subnet))
    .map(({ name, subnet }) => ({
      level: "refuse",
      what: `${projectName}:networkRange ${networkRange} has addresses of the network ${name} (${subnet})`,
      why: "Docker makes no network whose addresses another one has",
      fix: `pulumi config set --stack ${stack} ${projectName}:networkRange 198.18.N.0/24, with an N that is free`,
    }));
}

function judgeRoom(
  { info, networks }: HostAnswers,
  wanted: Wanted,
  own: readonly ListedNetwork[],
): Finding[] {
  const missing = wanted.networks - own.length;
  // A swarm has ranges of its own for its networks.
  if (wanted.networkRange !== undefined || missing <= 0 || wanted.orchestrator === "swarm") return [];
  const pools = info.DefaultAddressPools?.length ? info.DefaultAddressPools : usualPools;
  const room = roomIn(
    pools,
    subnetsOf(networks).map(({ subnet }) => subnet),
    missing,
  );
  if (room >= missing) return [];
  return [
    {
      level: "refuse",
      what: `the engine has addresses for ${room} more ${room === 1 ? "network" : "networks"}, and the stack makes ${missing}`,
      why: `its ranges (default-address-pools) are taken by the ${networks.length} networks that there are`,
      fix: `give the stack its own: pulumi config set --stack ${wanted.stack} ${projectName}:networkRange 198.18.N.0/24; or remove networks that nothing uses: docker network prune`,
    },
  ];
}
