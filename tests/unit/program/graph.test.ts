import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { projectRoot } from "../../../images/content";
import { asked, dot, withDarkSide } from "../../../ops/drawing/draw";
import { graphOf } from "../../../ops/drawing/model";
import type { Registration } from "../../../ops/drawing/registrations";

const graph = (...args: string[]) =>
  execFileSync(join(projectRoot, "dating"), ["graph", ...args], { encoding: "utf8" });

test("the README's picture is fresh (make docs draws it)", () => {
  const folder = mkdtempSync(join(tmpdir(), "dating-graph-"));
  try {
    const file = join(folder, "stack.svg");
    graph("dev", "--svg", file);
    expect(readFileSync(file, "utf8")).toBe(
      readFileSync(join(projectRoot, "docs/pictures/stack.svg"), "utf8"),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(readFileSync(join(projectRoot, "README.md"), "utf8")).toContain("](docs/pictures/stack.svg)");
}, 60_000);

test("the program's own services, ports, volumes and needs are in Mermaid", () => {
  const text = graph("dev");
  for (const line of [
    's_traefik["traefik<br>:8080 → 8000"]',
    "s_postgres --- v_postgres_data",
    "s_bot -.->|needs| s_migrations",
    "s_migrations -.->|needs| s_postgres",
    'n_internal(["network internal, no way out"])',
  ])
    expect(text).toContain(`  ${line}\n`);
}, 60_000);

test("who is drawn as asking another has a network in common with it", () => {
  const text = graph("dev");
  const networksOf = (name: string) =>
    [...text.matchAll(/^ {2}s_(\w+) --- n_(\w+)$/gm)]
      .filter(([, service]) => service === name.replaceAll("-", "_"))
      .map(([, , network]) => network);
  for (const [from, to] of asked)
    expect(networksOf(from).filter((network) => networksOf(to).includes(network))).not.toEqual([]);
}, 60_000);

test("the picture has words on its lines, each service's networks in it, and a dark side", () => {
  const service = (name: string, networks: string[]) => ({ name, networks, volumes: [], ports: [] });
  const text = dot({
    services: [service("bot", ["edge", "internal"]), service("postgres", ["internal"])],
    jobs: ["migrations"],
    networks: [
      { name: "edge", internal: false },
      { name: "internal", internal: true },
    ],
    volumes: [],
    dependencies: [
      { from: "bot", to: "postgres" },
      { from: "bot", to: "migrations" },
    ],
  });
  expect(text).toContain('label="bot\\nedge ↗, internal"');
  expect(text).toContain(`"s bot" -> "s postgres" [label="people's data"]`);
  expect(text).toContain('"s bot" -> "s migrations" [style=dashed, label="waits for"]');
  expect(text).not.toContain("traefik");
  expect(withDarkSide('<svg width="1"><g/></svg>')).toMatch(
    /^<svg width="1">\n<style>@media \(prefers-color-scheme: dark\)/,
  );
});

test("of a component with several services each stands for itself", () => {
  const container = (name: string, dependencies: string[]): Registration[] => [
    {
      urn: `w-${name}`,
      parent: "monitoring",
      type: "dating:index:Workload",
      name,
      inputs: {},
      dependencies: [],
    },
    {
      urn: `c-${name}`,
      parent: `w-${name}`,
      type: "docker:index/container:Container",
      name: `dating-x-${name}`,
      inputs: {},
      dependencies,
    },
  ];
  const monitoring = { urn: "monitoring", parent: "", type: "dating:index:Monitoring", name: "monitoring" };
  const { dependencies, services } = graphOf("x", [
    { ...monitoring, inputs: {}, dependencies: [] },
    ...container("one", []),
    ...container("two", ["c-one"]),
    ...container("three", ["c-one"]),
  ]);
  expect(services.map(({ name }) => name)).toEqual(["one", "three", "two"]);
  expect(dependencies).toEqual([
    { from: "three", to: "one" },
    { from: "two", to: "one" },
  ]);
});
