import { projectName } from "../config/project";
import { DockerHost, type InspectedContainer } from "../ops/host/inspect";
import { OperatorError } from "../ops/stack/errors";
import { requireDeployed, Session } from "../ops/stack/session";
import { isOnSwarm } from "./on-swarm";

/**
 * The container of a service, the one that runs first.
 *
 * @param stopped take one that does not run, too, where none does
 * @throws OperatorError that names the services that there are
 */
export function containerOf(
  session: Session,
  service: string,
  { stopped = false }: { stopped?: boolean } = {},
): InspectedContainer {
  requireDeployed(session);
  const { stack, environment } = session;
  const host = new DockerHost(environment);
  const all = host.containers(`dating.stack=${projectName}-${stack}`);
  const found = all.filter(({ Config }) => Config.Labels?.["dating.service"] === service);
  const chosen = found.find(({ State }) => State.Running) ?? (stopped ? found[0] : undefined);
  if (chosen) return chosen;
  const there = [...new Set(all.flatMap(({ Config }) => Config.Labels?.["dating.service"] ?? []))].sort();
  if (found.length === 0 && isOnSwarm(stack))
    throw new OperatorError(
      `no task of ${service} runs on the node whose engine is asked, which has ${there.join(", ") || "none"}. ` +
        `Where the others are: ./dating status ${stack}`,
    );
  throw new OperatorError(
    found.length > 0
      ? `${service} of stack ${stack} does not run; its log: ./dating logs ${stack} ${service}`
      : `stack ${stack} has no service ${service}: there are ${there.join(", ") || "none"}`,
  );
}
