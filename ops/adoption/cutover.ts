import type { DockerCli } from "../backups/docker";
import { BackupError, differences, type Tables } from "../backups/manifest";
import { countTables } from "../backups/psql";
import { serverOf } from "../backups/restore-database";
import { readTarget } from "../backups/target";
import { pulumi } from "../pulumi";
import type { Original } from "./original";
import { prepareData } from "./prepare";

/**
 * Stops the original, prepares its data, deploys the stack on its volumes, and compares all rows.
 *
 * @returns the seconds from the original's stop to the new bot's first good health check, by the Docker host's clock
 * @throws BackupError when the stack's tables do not have the rows that the original's had
 */
export async function cutOver(
  docker: DockerCli,
  stack: string,
  original: Original,
  image: string,
  reindex: boolean,
): Promise<number> {
  await retire(docker, original);
  const before = await prepareData(docker, image, original, reindex);
  pulumi(["up", "--stack", stack, "--yes", "--skip-preview", "--policy-pack", "policy"]);
  await compare(stack, before);
  return absence(docker, stack, original);
}

/** Stops the original's containers, so that nothing starts them again by itself: two servers would share one volume. */
async function retire(docker: DockerCli, { containers }: Original): Promise<void> {
  const names = containers.map(({ name }) => name);
  console.log(`Stopping ${names.join(", ")}`);
  await docker.text(["update", "--restart", "no", ...names]);
  // What writes goes before what is written to.
  const database = containers.filter(({ service }) => service === "db").map(({ name }) => name);
  const others = names.filter((name) => !database.includes(name));
  if (others.length > 0) await docker.text(["stop", ...others]);
  if (database.length > 0) await docker.text(["stop", ...database]);
}

async function compare(stack: string, before: Tables): Promise<void> {
  const target = readTarget(stack);
  const after = await countTables(serverOf(target), target.database.name);
  // A migration makes new tables and moves its own mark; what the bot has written since is more, never less.
  const lost = differences(before, after).filter((line) => {
    const [table] = line.split(": ") as [string];
    const old = before[table];
    return old !== undefined && table !== "public.alembic_version" && (after[table]?.rows ?? -1) < old.rows;
  });
  const same = Object.keys(before).filter((table) => after[table]?.digest === before[table]?.digest);
  console.log(
    `Compared: ${Object.keys(before).length} tables with ${total(before)} rows before, ${same.length} of them unchanged to the last byte`,
  );
  if (lost.length > 0) {
    throw new BackupError(`Rows are missing:\n  ${lost.join("\n  ")}\nGo back: ./dating adopt back ${stack}`);
  }
}

function total(tables: Tables): number {
  return Object.values(tables).reduce((sum, { rows }) => sum + rows, 0);
}

async function absence(docker: DockerCli, stack: string, original: Original): Promise<number> {
  const { prefix } = readTarget(stack);
  const filters = ["--filter", `label=dating.stack=${prefix}`, "--filter", "label=dating.service=bot"];
  const id = await docker.text(["ps", "--quiet", ...filters]);
  const stopped = original.containers.filter(({ service, running }) => service === "bot" && running);
  const finished = await docker.text([
    "inspect",
    "--format",
    "{{.State.FinishedAt}}",
    stopped[0]?.name ?? id,
  ]);
  const started = await docker.text([
    "inspect",
    "--format",
    "{{range .State.Health.Log}}{{.ExitCode}} {{json .End}}\n{{end}}",
    id,
  ]);
  const healthy = /^0 "(.*)"$/m.exec(started)?.[1];
  return healthy ? (Date.parse(healthy) - Date.parse(finished)) / 1000 : Number.NaN;
}
