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

/** The same for Graphviz. */
export function dot({ services, jobs, networks, volumes, dependencies }: Graph): string {
  const node = (kind: string, name: string) => JSON.stringify(`${kind} ${name}`);
  const used = new Set(services.flatMap((service) => service.volumes));
  return [
    "digraph stack {",
    '  graph [rankdir=LR, fontname="Helvetica", bgcolor="white", nodesep=0.25, ranksep=0.8]',
    '  node [fontname="Helvetica", fontsize=11, style=filled, fillcolor="white", color="#57606a"]',
    '  edge [fontname="Helvetica", fontsize=9, color="#57606a"]',
    ...services.map(
      ({ name, ports }) =>
        `  ${node("s", name)} [shape=box, fillcolor="#ddf4ff", label=${JSON.stringify([name, ...ports].join("\n"))}]`,
    ),
    ...jobs.map((name) => `  ${node("s", name)} [shape=component, label=${JSON.stringify(name)}]`),
    ...networks.map(
      ({ name, internal }) =>
        `  ${node("n", name)} [shape=ellipse, fillcolor="#fff8c5", label=${JSON.stringify(networkLabel(name, internal))}]`,
    ),
    ...volumes.map(
      (name) =>
        `  ${node("v", name)} [shape=cylinder, fillcolor="${used.has(name) ? "#dafbe1" : "white"}", label=${JSON.stringify(name)}]`,
    ),
    ...services.flatMap((service) => [
      ...service.networks.map((name) => `  ${node("n", name)} -> ${node("s", service.name)} [dir=none]`),
      ...service.volumes
        .filter((name) => volumes.includes(name))
        .map((name) => `  ${node("s", service.name)} -> ${node("v", name)} [dir=none]`),
    ]),
    ...dependencies.map(
      ({ from, to }) =>
        `  ${node("s", from)} -> ${node("s", to)} [style=dashed, label="needs", constraint=false]`,
    ),
    "}",
    "",
  ].join("\n");
}

const networkLabel = (name: string, internal: boolean) =>
  internal ? `network ${name}, no way out` : `network ${name}`;
