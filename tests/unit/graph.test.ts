import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { projectRoot } from "../../images/content";
import { graphOf } from "../../ops/drawing/model";
import type { Registration } from "../../ops/drawing/registrations";

const graph = (...args: string[]) =>
  execFileSync(join(projectRoot, "dating"), ["graph", ...args], { encoding: "utf8" });

test("the README's picture is fresh (make docs draws it)", () => {
  const folder = mkdtempSync(join(tmpdir(), "dating-graph-"));
  try {
    const file = join(folder, "stack.svg");
    graph("dev", "--svg", file);
    expect(readFileSync(file, "utf8")).toBe(readFileSync(join(projectRoot, "docs/stack.svg"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(readFileSync(join(projectRoot, "README.md"), "utf8")).toContain("](docs/stack.svg)");
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
