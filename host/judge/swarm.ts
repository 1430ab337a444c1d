import type { HostAnswers } from "../asking/answers";
import type { Finding } from "../finding";
import { dataLabel } from "../asking/swarm";
import type { Wanted } from "../wanted";
import { securityOptions } from "./security";

/** Whether the engine is the manager that a stack on a swarm needs, and the node that has the stack's data. */
export function judgeSwarm(answers: HostAnswers, wanted: Wanted): Finding[] {
  const { info, nodes } = answers;
  if (wanted.orchestrator !== "swarm") return [];
  if (!info.Swarm?.ControlAvailable || !nodes) return [noManager(answers)];
  return [...judgeData(answers, wanted), ...judgeNodes(answers), ...judgeDaemon(answers)];
}

function noManager({ info }: HostAnswers): Finding {
  const asWorker = info.Swarm?.LocalNodeState === "active";
  return {
    level: "refuse",
    what: asWorker
      ? "the engine is a worker of a swarm"
      : "the engine is in no swarm (dating:orchestrator is swarm)",
    why: "a manager alone takes services",
    fix: asWorker
      ? "name a manager: dating:dockerHost; or on one: docker node promote NODE"
      : [
          "make one of it: docker swarm init --advertise-addr ADDRESS, with the address by which the other nodes reach it",
          ...(info.LiveRestoreEnabled
            ? ["take live-restore out of the engine's daemon.json first: a swarm refuses it"]
            : []),
        ].join("; "),
  };
}

/** A task that starts on another node gets a new and empty volume there, and nobody says so. */
function judgeData({ info, nodes = [] }: HostAnswers, { prefix }: Wanted): Finding[] {
  const label = dataLabel(prefix);
  const having = nodes.filter(({ Spec }) => Spec.Labels?.[label] === "yes");
  const asked = nodes.find(({ ID }) => ID === info.Swarm?.NodeID);
  const name = asked?.Description.Hostname ?? info.Name;
  const why =
    "what owns a volume or a port runs on the node with that label, and commands ask that node's engine";
  if (having.length === 0)
    return [
      {
        level: "refuse",
        what: `no node has the label ${label}=yes`,
        why,
        fix: `docker node update --label-add ${label}=yes ${asked?.ID ?? name}`,
      },
    ];
  if (having.length > 1)
    return [
      {
        level: "refuse",
        what: `${having.length} nodes have the label ${label}=yes: ${having.map(({ Description }) => Description.Hostname).join(", ")}`,
        why: "a task that moves from one to the other finds an empty volume there",
        fix: `take it from those that do not have the data: docker node update --label-rm ${label} NODE`,
      },
    ];
  if (having[0]!.ID !== info.Swarm?.NodeID)
    return [
      {
        level: "refuse",
        what: `the node with the label ${label}=yes is ${having[0]!.Description.Hostname}, and the engine that is asked is ${name}`,
        why,
        fix: "name that node's engine: dating:dockerHost. Data does not move with the label",
      },
    ];
  return [];
}

function judgeNodes({ nodes = [] }: HostAnswers): Finding[] {
  const away = nodes.filter(({ Status, Spec }) => Status.State !== "ready" || Spec.Availability !== "active");
  const findings = away.map(({ Description, Status, Spec }): Finding => ({
    level: "warn",
    what: `the node ${Description.Hostname} is ${Status.State} (${Spec.Availability})`,
    why: "nothing of the stack is started there",
    fix: "see all: docker node ls",
  }));
  const managers = nodes.filter(({ Spec }) => Spec.Role === "manager");
  if (managers.length === 2)
    findings.push({
      level: "warn",
      what: "the swarm has two managers",
      why: "where one of them is away, the other decides nothing any more; one or three do better",
      fix: "docker node promote NODE, or docker node demote NODE",
    });
  return findings;
}

/** What a Swarm service cannot say for itself, and its node's engine says for all. Of the other nodes an engine does not know it. */
function judgeDaemon(answers: HostAnswers): Finding[] {
  if (securityOptions(answers).has("no-new-privileges")) return [];
  return [
    {
      level: "warn",
      what: "the engine lets programs gain privileges",
      why: "the provider cannot forbid it for a Swarm service, and does so for a container",
      fix: 'on every node, in daemon.json: "no-new-privileges": true, and "default-ulimits": {"nproc": {"Name": "nproc", "Soft": 4096, "Hard": 4096}}',
    },
  ];
}
