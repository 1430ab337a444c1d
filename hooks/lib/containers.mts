import { ask, Deadline, inspect, NoSuchContainer, Refused, type Inspected } from "./docker.mts";

/** A network that a container is to be on, and the names under which others there find it. */
export interface Attachment {
  name: string;
  aliases: string[];
}

/** Attempts to start a container that Docker refuses, and milliseconds between them: a port is free a moment after its holder is gone. */
const attempts = 3;
const pause = 250;
/** Seconds in which Docker kills a container, where nothing says otherwise. */
const usualStop = 10;

/** The networks that a container is on. */
export function attachmentsOf({ NetworkSettings: { Networks } }: Inspected): Attachment[] {
  return Object.entries(Networks).map(([name, { Aliases }]) => ({ name, aliases: Aliases ?? [] }));
}

/**
 * Stops a container, and ends when Docker has said that it does not run, or that there is none.
 *
 * @param within seconds from the stop signal to the kill. Default: the container's own
 * @throws CouldNotAsk where nobody knows
 */
export async function stop(container: Inspected, deadline: Deadline, within?: number): Promise<void> {
  const seconds = within ?? container.Config.StopTimeout ?? usualStop;
  const time = within === undefined ? [] : ["--timeout", String(within)];
  try {
    await ask(["stop", ...time, container.Id], deadline, (seconds + 20) * 1000);
  } catch (error) {
    if (!(error instanceof NoSuchContainer)) throw error;
  }
}

/**
 * Starts a container on its networks. Docker takes a container that it refuses to start, as for a port that is taken, off the
 * network on which it would publish its ports, and the next time starts it without (seen with 29.8): so each attempt
 * looks first.
 *
 * @throws Refused with Docker's reason, such as a port that is taken
 * @throws NoSuchContainer, CouldNotAsk
 */
export async function start(container: Inspected, networks: Attachment[], deadline: Deadline): Promise<void> {
  // What was inspected a moment ago is looked at once more only after a failure: meanwhile nobody serves.
  for (let attempt = 1, present = container; ; attempt++, present = await inspect(container.Id, deadline)) {
    await connect(present, networks, deadline);
    try {
      await ask(["start", container.Id], deadline);
      return;
    } catch (error) {
      if (!(error instanceof Refused) || attempt === attempts || deadline.passed) throw error;
      await deadline.sleep(pause);
    }
  }
}

/** The ports that a running container is to publish and does not. */
export function unpublishedPorts({ HostConfig, NetworkSettings }: Inspected): string[] {
  const wanted = Object.keys(HostConfig.PortBindings ?? {});
  return wanted.filter((port) => (NetworkSettings.Ports?.[port] ?? []).length === 0);
}

/** Puts a container on those of the networks that it is not on. @throws as {@link start} */
export async function connect(
  { Id, NetworkSettings }: Inspected,
  networks: Attachment[],
  deadline: Deadline,
): Promise<void> {
  for (const { name, aliases } of networks.filter((one) => !(one.name in NetworkSettings.Networks)))
    await ask(["network", "connect", ...aliases.flatMap((alias) => ["--alias", alias]), name, Id], deadline);
}
