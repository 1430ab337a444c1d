import type { Graph } from "./model";

/** A Mermaid flowchart, as GitHub draws it in Markdown. */
export function mermaid({ services, jobs, networks, volumes, dependencies }: Graph): string {
  const id = (kind: string, name: string) => `${kind}_${name.replaceAll(/\W/g, "_")}`;
  const label = (text: string) => `"${text.replaceAll('"', "#quot;")}"`;
  return [
    "flowchart LR",
    ...services.map(({ name, ports }) => `  ${id("s", name)}[${label([name, ...ports].join("<br>"))}]`),
    ...jobs.map((name) => `  ${id("s", name)}[[${label(name)}]]`),
    ...networks.map(({ name, internal }) => `  ${id("n", name)}([${label(networkLabel(name, internal))}])`),
    ...volumes.map((name) => `  ${id("v", name)}[(${label(name)})]`),
    ...services.flatMap((service) => [
      ...service.networks.map((network) => `  ${id("s", service.name)} --- ${id("n", network)}`),
      ...service.volumes
        .filter((name) => volumes.includes(name))
        .map((volume) => `  ${id("s", service.name)} --- ${id("v", volume)}`),
    ]),
    ...dependencies.map(({ from, to }) => `  ${id("s", from)} -.->|needs| ${id("s", to)}`),
    "",
  ].join("\n");
}

/** Who asks whom, and for what; drawn where a stack has both. A test holds that each pair has a network in common. */
export const asked: readonly [from: string, to: string, what: string][] = [
  ["traefik", "webapp", "pages"],
  ["traefik", "bot", "/api/"],
  ["traefik", "socket-proxy", "what runs?"],
  ["bot", "postgres", "people's data"],
  ["backup", "postgres", "a dump"],
  ["postgres-exporter", "postgres", "statistics"],
  ["alloy", "socket-proxy", "logs"],
  ["cadvisor", "socket-proxy", "containers"],
  ["alloy", "loki", "log lines"],
  ["grafana", "loki", "logs"],
  ["grafana", "prometheus", "metrics"],
  ["prometheus", "alertmanager", "alerts"],
  ["prometheus", "cadvisor", "metrics"],
  ["prometheus", "node-exporter", "metrics"],
  ["prometheus", "postgres-exporter", "metrics"],
];

/** The same for Graphviz: lines say who asks whom, and each service has the names of its networks in it. */
export function dot({ services, jobs, networks, volumes, dependencies }: Graph): string {
  const node = (kind: string, name: string) => JSON.stringify(`${kind} ${name}`);
  const there = new Set([...services.map(({ name }) => name), ...jobs]);
  const asks = asked.filter(([from, to]) => there.has(from) && there.has(to));
  const waits = dependencies.filter(
    ({ from, to }) => !asks.some(([one, other]) => one === from && other === to),
  );
  const closed = networks.filter(({ internal }) => internal).map(({ name }) => name);
  const told = (names: string[]) =>
    names.map((name) => (closed.includes(name) ? name : `${name} ↗`)).join(", ");
  return [
    "digraph stack {",
    '  graph [rankdir=LR, fontname="Helvetica", bgcolor="transparent", nodesep=0.2, ranksep=0.9]',
    '  node [fontname="Helvetica", fontsize=11, style=filled, fillcolor="white", color="#57606a", margin="0.22,0.07"]',
    '  edge [fontname="Helvetica", fontsize=9, color="#57606a", class="line"]',
    ...services.map(({ name, ports, networks: own }) => {
      const label = [name, ...ports, ...(own.length > 0 ? [told(own)] : [])].join("\n");
      return `  ${node("s", name)} [shape=box, class="service", fillcolor="#ddf4ff", label=${JSON.stringify(label)}]`;
    }),
    ...jobs.map(
      (name) => `  ${node("s", name)} [shape=component, class="job", label=${JSON.stringify(name)}]`,
    ),
    ...volumes.map(
      (name) =>
        `  ${node("v", name)} [shape=cylinder, class="volume", fillcolor="#dafbe1", label=${JSON.stringify(name)}]`,
    ),
    ...services.flatMap((service) =>
      service.volumes
        .filter((name) => volumes.includes(name))
        .map((name) => `  ${node("s", service.name)} -> ${node("v", name)} [dir=none]`),
    ),
    ...asks.map(
      ([from, to, what]) => `  ${node("s", from)} -> ${node("s", to)} [label=${JSON.stringify(what)}]`,
    ),
    ...waits.map(
      ({ from, to }) => `  ${node("s", from)} -> ${node("s", to)} [style=dashed, label="waits for"]`,
    ),
    "}",
    "",
  ].join("\n");
}

/** What a viewer that prefers the dark gets instead of the colours above. */
const dark = `<style>@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .line path, .line polygon { stroke: #9198a1 } .line polygon { fill: #9198a1 }
.service polygon { fill: #0c2d6b } .volume path { fill: #033a16 } .job polygon { fill: #161b22 }
}</style>`;

/** A drawing of Graphviz with a dark side. */
export const withDarkSide = (svg: string) => svg.replace(/(<svg[^>]*>)/, `$1\n${dark}`);

const networkLabel = (name: string, internal: boolean) =>
  internal ? `network ${name}, no way out` : `network ${name}`;
