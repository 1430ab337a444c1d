import type { Registration } from "./registrations";

/** What a stack is made of, by the names that people use. */
export interface Graph {
  services: { name: string; networks: string[]; volumes: string[]; ports: string[] }[];
  /** Steps of a deploy that leave nothing running. */
  jobs: string[];
  networks: { name: string; internal: boolean }[];
  volumes: string[];
  /** Who starts only when what is ready. */
  dependencies: { from: string; to: string }[];
}

const list = (value: unknown) => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);

const unique = (values: string[]) => [...new Set(values)];

/** Reads the stack's shape out of what the program registers. */
export function graphOf(stack: string, resources: Registration[]): Graph {
  const prefix = `dating-${stack}-`;
  const short = (name: unknown) => String(name).replace(prefix, "").replace(`dating-${stack}_`, "");
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const containers = ofType("docker:index/container:Container");
  const services = containers.map(({ name, inputs }) => ({
    name: short(name),
    networks: list(inputs.networksAdvanced).map((network) => short(network.name)),
    volumes: list(inputs.volumes).map((volume) => short(volume.volumeName ?? volume.hostPath)),
    // All addresses of IPv4, and of IPv6: everywhere.
    ports: unique(
      list(inputs.ports).map(({ ip, external, internal }) => {
        const address = ip === "0.0.0.0" || ip === "::" ? "" : String(ip);
        return `${address}:${String(external)} → ${String(internal)}`;
      }),
    ),
  }));
  const owner = owners(resources, short);
  const jobs = ["migrations"].filter((job) => [...owner.values()].includes(job));
  const known = new Set([...services.map(({ name }) => name), ...jobs]);
  const edges = new Set(
    resources.flatMap(({ urn, dependencies }) =>
      dependencies.map((dependency) => `${owner.get(urn)} ${owner.get(dependency)}`),
    ),
  );
  return {
    services: services.sort((a, b) => (a.name < b.name ? -1 : 1)),
    jobs,
    networks: ofType("docker:index/network:Network")
      .map(({ inputs }) => ({ name: short(inputs.name), internal: inputs.internal === true }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    volumes: ofType("docker:index/volume:Volume")
      .map(({ inputs }) => short(inputs.name))
      .sort(),
    dependencies: [...edges]
      .map((edge) => edge.split(" "))
      .filter(([from, to]) => from !== to && known.has(from!) && known.has(to!))
      .map(([from, to]) => ({ from: from!, to: to! }))
      .sort((a, b) => (`${a.from} ${a.to}` < `${b.from} ${b.to}` ? -1 : 1)),
  };
}

/** The service, or the job, that each resource belongs to: that of its container, or of the component that has it. */
function owners(resources: Registration[], short: (name: unknown) => string): Map<string, string> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const containerOf = new Map<string, string>();
  for (const { type, name, parent } of resources) {
    if (type !== "docker:index/container:Container") continue;
    // A component of a single service stands for it; one of several has each below a Workload of its own.
    for (let urn = parent; byUrn.has(urn); urn = byUrn.get(urn)!.parent)
      containerOf.set(urn, containerOf.has(urn) ? "" : short(name));
  }
  const ownerOf = (resource: Registration | undefined): string => {
    if (!resource) return "";
    if (resource.type === "docker:index/container:Container") return short(resource.name);
    const own =
      containerOf.get(resource.urn) || (resource.type === "dating:index:Migrations" ? "migrations" : "");
    return own || ownerOf(byUrn.get(resource.parent));
  };
  return new Map(resources.map((resource) => [resource.urn, ownerOf(resource)]));
}
