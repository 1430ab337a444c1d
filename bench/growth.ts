/*
 * What one dashboard more, and one service more, adds to a preview that has nothing to do, against what the engine takes
 * for the same resources with literal inputs. The stacks are deployed; the services' containers are then taken
 * away, as such a preview does not look at them.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { application } from "../tests/engine/support/application";
import { list } from "../tests/engine/support/docker";
import { Project } from "../tests/engine/support/project";
import { bareProgram } from "./bare-program";
import { runs, summarize, takeTurns, writeResults } from "./measure";

const dashboards = [2, 200] as const;
const workloads = [10, 100] as const;

async function withDashboards(count: number): Promise<Project> {
  const { project } = await application();
  await project.stack.setConfig("dating:monitoring", { value: "true" });
  const folder = join(project.directory, "monitoring/grafana/dashboards/Dating Mini App");
  const [first, ...others] = readdirSync(folder);
  for (const file of others) rmSync(join(folder, file));
  const model = JSON.parse(readFileSync(join(folder, first!), "utf8")) as object;
  for (let number = 2; number <= count; number++) {
    const copy = { ...model, uid: `copy-${number}`, title: `Copy ${number}` };
    writeFileSync(join(folder, `copy-${number}.json`), JSON.stringify(copy, null, 2));
  }
  await project.up();
  return project;
}

async function withWorkloads(count: number): Promise<Project> {
  const project = await Project.create("many");
  await project.configure({ count: String(count) });
  await project.up();
  // One by one: of a hundred that are removed at once, Docker 20.10 forgets to take some out of their network.
  for (const id of list("ps", "--all", "--quiet", "--filter", `label=dating.stack=${project.prefix}`))
    execFileSync("docker", ["rm", "--force", id], { stdio: "pipe" });
  return project;
}

/** Previews of the program itself, and of its bare counterpart in another folder. */
function preview({ stackName, environment }: Project, directory: string): void {
  execFileSync("pulumi", ["preview", "--stack", stackName, "--expect-no-changes"], {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function main(): Promise<void> {
  const subjects: Record<string, { run: () => void }> = {};
  const projects: Project[] = [];
  const folders: string[] = [];
  const add = (name: string, project: Project) => {
    const bare = bareProgram(project);
    subjects[name] = { run: () => preview(project, project.directory) };
    subjects[`${name}, bare`] = { run: () => preview(project, bare) };
    projects.push(project);
    folders.push(bare);
  };
  for (const count of dashboards) add(`${count} dashboards`, await withDashboards(count));
  for (const count of workloads) add(`${count} workloads`, await withWorkloads(count));
  const seconds = await takeTurns(subjects, runs);
  for (const folder of folders) rmSync(folder, { recursive: true });
  for (const project of projects) project.discard();

  const median = (name: string) => summarize(seconds[name]!).median;
  const milliseconds = (kind: string, [few, many]: readonly [number, number], bare: string) =>
    ((median(`${many} ${kind}${bare}`) - median(`${few} ${kind}${bare}`)) / (many - few)) * 1000;
  const perResource = Object.entries({ dashboards, workloads }).map(([kind, counts]) => ({
    kind,
    ours: milliseconds(kind, counts, ""),
    bare: milliseconds(kind, counts, ", bare"),
  }));
  const results = Object.entries(seconds).map(([name, taken]) => ({ name, ...summarize(taken) }));
  writeResults("growth", { results, millisecondsPerResource: perResource });
  console.table(perResource);
}

void main();
