/*
 * How long the deploy of a whole stack takes whose images are there and that has nothing else: no state, no containers
 * and no volumes. Against Docker Compose with an equal stack, and against the engine's floor: a program with the stack's
 * volumes, networks and containers alone, in literal values.
 */
import { rmSync } from "node:fs";

import { application } from "../tests/engine/support/application";
import { removeAll } from "../tests/engine/support/docker";
import { bareProgram, type Registered } from "./bare-program";
import { runs, summarize, takeTurns, writeResults } from "./measure";
import { Peer } from "./peer";

/**
 * What a Docker host needs for a stack. The provider itself starts each container, also those that a gate starts otherwise, and
 * waits until it is healthy, but for the two that are not before the database has its roles.
 */
function leastOf(resources: Registered[]): Registered[] {
  const kept = resources.filter(({ type }) =>
    /^(docker:|pulumi:(providers:docker|pulumi:Stack)$)/.test(type),
  );
  return kept.map((resource) =>
    resource.type === "docker:index/container:Container"
      ? { ...resource, inputs: { ...resource.inputs, start: true, mustRun: true, ...waiting(resource) } }
      : resource,
  );
}

const waiting = ({ urn }: Registered) => (/-(bot|backup)$/.test(urn) ? {} : { wait: true, waitTimeout: 90 });

async function main(): Promise<void> {
  const { project } = await application();
  await project.stack.setConfig("dating:monitoring", { value: "true" });
  const stack = ["--stack", project.stackName];
  const up = ["up", "--yes", "--skip-preview", ...stack];
  const deploy = () => project.run("pulumi", up);
  deploy();
  const bare = bareProgram(project, leastOf);
  const peer = await Peer.of(project.stackName, project.environment);
  const empty = () => {
    removeAll(project.prefix);
    // What is protected stays protected when it is deployed; here it goes with everything else.
    project.run("pulumi", ["state", "delete", "--all", "--force", "--yes", ...stack]);
  };
  empty();
  const ours = "pulumi up of a new stack";
  const floor = "pulumi up of a bare program with its containers";
  const theirs = "docker compose up -d --wait of a new stack";
  const seconds = await takeTurns(
    {
      [ours]: { run: deploy, reset: empty },
      [floor]: {
        run: () => project.run("pulumi", ["--cwd", bare, ...up]),
        reset: empty,
      },
      [theirs]: { run: () => peer.up(), reset: () => peer.down(true) },
    },
    runs,
  );
  project.discard();
  rmSync(bare, { recursive: true });

  const median = (name: string) => summarize(seconds[name]!).median;
  const results = Object.entries(seconds).map(([name, taken]) => ({
    name,
    ...summarize(taken),
    ratioToCompose: median(name) / median(theirs),
  }));
  writeResults("deploy", { results });
  console.table(
    results.map((result) => ({
      what: result.name,
      median: `${result.median.toFixed(2)} s`,
      "to Compose": result.ratioToCompose.toFixed(2),
    })),
  );
}

void main();
