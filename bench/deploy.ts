/*
 * How long the deploy of a whole stack takes whose images are there and that has nothing else: no state, no containers
 * and no volumes. Against Docker Compose with an equal stack.
 */
import { application } from "../tests/engine/support/application";
import { removeAll } from "../tests/engine/support/docker";
import { runs, summarize, takeTurns, writeResults } from "./measure";
import { Peer } from "./peer";

async function main(): Promise<void> {
  const { project } = await application();
  await project.stack.setConfig("dating:monitoring", { value: "true" });
  const stack = ["--stack", project.stackName];
  const deploy = () => project.run("pulumi", ["up", "--yes", "--skip-preview", ...stack]);
  deploy();
  const peer = await Peer.of(project.stackName, project.environment);
  const empty = () => {
    removeAll(project.prefix);
    // What is protected stays protected when it is deployed; here it goes with everything else.
    project.run("pulumi", ["state", "delete", "--all", "--force", "--yes", ...stack]);
  };
  empty();
  const [ours, theirs] = ["pulumi up of a new stack", "docker compose up -d --wait of a new stack"] as const;
  const seconds = await takeTurns(
    {
      [ours]: { run: deploy, reset: empty },
      [theirs]: { run: () => peer.up(), reset: () => peer.down(true) },
    },
    runs,
  );
  project.discard();

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
