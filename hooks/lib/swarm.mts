import { ask, Refused, type Deadline, type Inspected } from "./docker.mts";

/** A release of a Swarm service, as the program names it to hooks: `NAME@RELEASE@TASKS`. */
export interface Release {
  service: string;
  /** What the service's label says. */
  release: string;
  /** What its tasks' variable says. */
  tasks: string;
}

/** The release that a hook is told of; undefined for a container's id. */
export function releaseOf(told: string): Release | undefined {
  const [service, release, tasks] = told.split("@");
  return service && release && tasks ? { service, release, tasks } : undefined;
}

/** `docker service inspect`, as far as it is read. */
export interface Service {
  Spec: {
    Name: string;
    Labels: Record<string, string> | null;
    Mode: { Replicated?: { Replicas: number } };
  };
  UpdateStatus?: { State?: string; Message?: string };
}

/** `docker inspect --type task`, as far as it is read. */
export interface Task {
  ID: string;
  CreatedAt: string;
  Slot?: number;
  NodeID?: string;
  Spec: { ContainerSpec: { Env?: string[] | null } };
  Status: { State: string; Err?: string; Message?: string; ContainerStatus?: { ContainerID?: string } };
  DesiredState: string;
  NetworksAttachments?: { Network: { Spec: { Name: string } }; Addresses?: string[] | null }[] | null;
}

/** A Swarm service; undefined where the swarm says that there is none. @throws CouldNotAsk */
export async function findService(name: string, deadline: Deadline): Promise<Service | undefined> {
  const found = JSON.parse(await askAbout("service", [name], deadline)) as Service[];
  // What it is given may be the beginning of an id, too.
  return found.find(({ Spec }) => Spec.Name === name);
}

/** The tasks of a service, the newest first, those that have ended as far as the swarm remembers them. @throws CouldNotAsk */
export async function tasksOf(service: string, deadline: Deadline): Promise<Task[]> {
  const ids = await list(["service", "ps", "--quiet", "--no-trunc", service], deadline);
  if (ids.length === 0) return [];
  const tasks = JSON.parse(await askAbout("task", ids, deadline)) as Task[];
  return tasks.sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));
}

/** Whether a task is one of a release. */
export function isOf(task: Task, { tasks }: Release): boolean {
  return (task.Spec.ContainerSpec.Env ?? []).includes(`DATING_RELEASE=${tasks}`);
}

/** A task as those see it who look at containers: its name, its service's labels, its addresses. */
export function asContainer(
  task: Task,
  { Spec }: Service,
): Pick<Inspected, "Name" | "Config" | "NetworkSettings"> {
  const addresses = (task.NetworksAttachments ?? []).map(({ Network, Addresses }) => [
    Network.Spec.Name,
    { IPAddress: (Addresses?.[0] ?? "").split("/")[0]!, Aliases: null },
  ]);
  return {
    Name: `${Spec.Name}.${task.Slot ?? task.ID}`,
    Config: { Labels: Spec.Labels },
    NetworkSettings: {
      Networks: Object.fromEntries(addresses) as Inspected["NetworkSettings"]["Networks"],
      Ports: null,
    },
  };
}

async function list(args: string[], deadline: Deadline): Promise<string[]> {
  try {
    return (await ask(args, deadline)).split("\n").filter(Boolean);
  } catch (error) {
    if (error instanceof Refused && /no such service/i.test(error.message)) return [];
    throw error;
  }
}

/** Of several, one may be gone between two questions: then all are asked for again. */
async function askAbout(kind: "service" | "task", ids: string[], deadline: Deadline): Promise<string> {
  return ask(["inspect", "--type", kind, ...ids], deadline).catch((error: unknown) => {
    if (
      error instanceof Refused &&
      /no such (service|task)|(service|task) \S+ not found/i.test(error.message)
    )
      return "[]";
    throw error;
  });
}
