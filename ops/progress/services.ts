/** What a service, or one of its two containers while a release takes over, is doing in a deploy. */
export type Phase = "waiting" | "starting" | "healthy" | "unhealthy" | "draining" | "stopped";

/** What Docker tells of a container of a stack. */
export interface ContainerEvent {
  id: string;
  service: string;
  /** As Docker has it: `create`, `start`, `health_status: healthy`, `die`, `destroy`, … */
  action: string;
}

/**
 * What the services of a stack are doing, kept up by what Docker tells of their containers. A service has two while a release
 * takes over: the older one is drained.
 */
export class ServiceProgress {
  /** In the order in which they were made. */
  private readonly containers = new Map<string, { service: string; phase: Phase }>();

  /** @param expected the services that the stack is to have; further ones are added when they are seen */
  constructor(private readonly expected: readonly string[]) {}

  /** @returns what has changed by it, in words; undefined where that is nothing */
  take({ id, service, action }: ContainerEvent): string | undefined {
    const before = this.containers.get(id)?.phase;
    if (action === "destroy") {
      this.containers.delete(id);
      const others = this.of(service).length > 0;
      return before && `${service}: ${others ? "the one before" : "its container"} is gone`;
    }
    const phase = this.after(id, service, action);
    if (phase === undefined || phase === before) return undefined;
    this.containers.set(id, { service, phase });
    const older = this.isOlder(id, service);
    return `${service}: ${older ? `the one before is ${phase}` : phase}`;
  }

  /** Each service with what its containers are doing, the newest first. */
  get services(): [service: string, phases: Phase[]][] {
    const seen = [...this.containers.values()].map(({ service }) => service);
    const names = [...new Set([...this.expected, ...seen])].sort();
    return names.map((name) => {
      const phases = this.of(name)
        .map(([, { phase }]) => phase)
        .reverse();
      return [name, phases.length > 0 ? phases : ["waiting"]];
    });
  }

  private after(id: string, service: string, action: string): Phase | undefined {
    switch (action) {
      case "create":
        return "waiting";
      case "start":
        return "starting";
      case "health_status: healthy":
        return "healthy";
      case "health_status: unhealthy":
        return this.isOlder(id, service) ? "draining" : "unhealthy";
      case "die":
        return "stopped";
      default:
        return undefined;
    }
  }

  private of(service: string) {
    return [...this.containers].filter(([, each]) => each.service === service);
  }

  private isOlder(id: string, service: string): boolean {
    const all = this.of(service).map(([known]) => known);
    return all.includes(id) && all.at(-1) !== id;
  }
}
