import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs the Docker CLI and returns what it prints, standard error included where asked. */
export async function docker(...args: string[]): Promise<string> {
  // Jest's environment is a copy that children do not get by themselves; a test may have set DOCKER_HOST there.
  const { stdout } = await run("docker", args, { maxBuffer: 256 * 1024 * 1024, env: process.env });
  return stdout.trim();
}

/** The parts of `docker inspect` that the tests read. */
export interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  State: { Status: string; StartedAt: string; Health?: { Status: string } };
  RestartCount: number;
  Config: { Image: string; Env: string[]; Labels: Record<string, string>; Healthcheck?: { Test: string[] } };
  HostConfig: {
    LogConfig: { Type: string; Config: Record<string, string> };
    Memory: number;
    MemorySwap: number;
    ReadonlyRootfs: boolean;
    CapDrop: string[] | null;
    RestartPolicy: { Name: string };
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
  };
  Mounts: { Type: string; Name?: string }[];
  NetworkSettings: { Networks: Record<string, { Aliases: string[] }> };
  LogPath: string;
}

export async function inspect(...names: string[]): Promise<Inspected[]> {
  return names.length === 0 ? [] : (JSON.parse(await docker("inspect", ...names)) as Inspected[]);
}

/** Ids of the stack's objects of a kind, found by their label. */
export async function labelled(kind: "container" | "volume" | "network", prefix: string): Promise<string[]> {
  const all = kind === "container" ? ["--all", "--no-trunc"] : [];
  const listed = await docker(kind, "ls", "--quiet", ...all, "--filter", `label=dating.stack=${prefix}`);
  return listed.split("\n").filter(Boolean);
}

/** All containers of a stack by service name; a service with several containers is an error. */
export async function services(prefix: string): Promise<Record<string, Inspected>> {
  const found: Record<string, Inspected> = {};
  for (const container of await inspect(...(await labelled("container", prefix)))) {
    const service = container.Config.Labels["dating.service"];
    // What belongs to a test, and not to the stack.
    if (!service) continue;
    if (found[service])
      throw new Error(`two containers of ${service}: ${found[service].Name}, ${container.Name}`);
    found[service] = container;
  }
  return found;
}

/** The prefixes of all stacks of tests that have left anything on the Docker host. */
export function testPrefixes(): Set<string> {
  const labelsOf = (kind: string, label: string) =>
    list(kind, "ls", ...(kind === "container" ? ["--all"] : []), "--format", `{{.Label "${label}"}}`);
  const found = [
    ...["container", "network", "volume"].flatMap((kind) => labelsOf(kind, "dating.stack")),
    // A killed command leaves its lock, and a killed restore its mark.
    ...["dating.lock", "dating.restore", "dating.point-in-time"].flatMap((label) =>
      labelsOf("container", label),
    ),
  ];
  return new Set(found.filter((prefix) => /^(dating|guestbook)-(preview-)?test-/.test(prefix)));
}

/** Removes everything that carries the stack's label, running or not. Synchronous, so that it can end a process. */
export function removeAll(prefix: string): void {
  removeLabelled(`dating.stack=${prefix}`);
  removeLabelled(`dating.lock=${prefix}`);
  removeLabelled(`dating.restore=${prefix}`);
  removeLabelled(`dating.point-in-time=${prefix}`);
}

/**
 * Removes the containers, networks and volumes with a label, and the further volumes named. A container that uses one
 * of these volumes goes with it, whosever it is: two deployments share volumes while one takes over the other.
 */
export function removeLabelled(label: string, furtherVolumes: string[] = []): void {
  const filter = ["--filter", `label=${label}`];
  const remove = (kind: string, found: string[], ...flags: string[]) => {
    if (found.length > 0)
      execFileSync("docker", [kind, "rm", ...flags, ...found], { stdio: "pipe", env: process.env });
  };
  const volumes = [...list("volume", "ls", "--quiet", ...filter), ...furtherVolumes];
  const users = volumes.flatMap((volume) => list("ps", "--all", "--quiet", "--filter", `volume=${volume}`));
  const containers = list("ps", "--all", "--quiet", ...filter);
  // One by one: Docker 20.10 can lock up for good while it takes many containers out of their networks at once.
  for (const container of new Set([...containers, ...users]))
    remove("container", [container], "--force", "--volumes");
  remove("network", list("network", "ls", "--quiet", ...filter));
  remove("volume", volumes, "--force");
}

/** The lines that a Docker command prints. */
export function list(...args: string[]): string[] {
  return execFileSync("docker", args, { encoding: "utf8", env: process.env }).split("\n").filter(Boolean);
}

/** The name of the container that runs a service of a stack, or of the last that did. @throws where there is none */
export function containerOf(prefix: string, service: string): string {
  const labels = [`label=dating.stack=${prefix}`, `label=dating.service=${service}`];
  const find = (...flags: string[]) =>
    list("ps", ...flags, ...labels.flatMap((one) => ["--filter", one]), "--format", "{{.Names}}");
  const [name] = [...find(), ...find("--all")];
  if (!name) throw new Error(`${prefix} has no container of ${service}`);
  return name;
}
