import { PlanOutput } from "../../../ops/review/violations";

const read = (lines: string[]) => {
  const output = new PlanOutput((text) => text);
  const shown = lines.map((line) => output.take(line)).filter((line) => line !== undefined);
  return { violations: output.violations, shown };
};

test("a resource that is to be another than in the plan is told without its values", () => {
  const line =
    "    error: resource urn:pulumi:prod::dating::docker:index/container:Container::dating-prod-bot violates plan: properties changed: ~~memory[{256}!={512}], ++envs[{secret}]";
  expect(read([line])).toEqual({ violations: ["dating-prod-bot: other memory, envs"], shown: [] });
});

test("so are the outputs of a component, which are told twice, the second time without a name", () => {
  const what =
    "error: resource violates plan: properties changed: ~=container[{dating-prod-bot-1}!={dating-prod-bot-2}]";
  const lines = [
    "Previewing update (prod):",
    `    dating:index:Workload bot  ${what}`,
    "Diagnostics:",
    "  dating:index:Workload (bot):",
    `    ${what}`,
  ];
  expect(read(lines)).toEqual({ violations: ["bot: other container"], shown: ["Previewing update (prod):"] });
});

test("a line of another kind is shown", () => {
  expect(read(["    dating:index:Workload bot  error: no answer"])).toEqual({
    violations: [],
    shown: ["    dating:index:Workload bot  error: no answer"],
  });
});
