import type { DockerCli } from "../backups/docker";
import { BackupError, differences, type Tables } from "../backups/archives/manifest";
import { countTables } from "../backups/psql";
import { serverOf } from "../backups/restore-database";
import { readTarget } from "../backups/target";
import { requireUnused } from "../host/volume-users";
import type { Deploy } from "../review/deploy";
import { forgetPrepared, readNote, writePrepared, type Note } from "./note";
import { findOriginal } from "./original";
import { prepareData } from "./prepare";
import { stopOriginal } from "./stop-start";
import { goBack, type WayBack } from "./way-back";

/** Who adopts, and how far that has come. */
export interface Forward extends WayBack {
  /** The stack has a server on the data. */
  serves: boolean;
}

/**
 * Stops the original, prepares its data, deploys the stack on its volumes, and compares all rows. What an interrupted run has
 * done of it is not done again. Where it fails before the stack serves, the original is started again.
 *
 * @param deploy deploys what was reviewed
 * @returns the seconds from the original's stop to the new bot's first good health check, by the Docker host's clock
 * @throws BackupError that says what runs now, and how to go on
 */
export async function cutOver(way: Forward, deploy: Deploy): Promise<number> {
  const { docker, stack } = way;
  console.log(
    `Where this is interrupted: ./dating adopt start ${stack} goes on, and ./dating adopt back ${stack} goes back.`,
  );
  const before = await deployOn(way, deploy).catch((error: unknown) => returnAfter(way, error as Error));
  if (before) await compare(stack, before);
  await forgetPrepared(way);
  return absence(docker, stack, way.note);
}

async function deployOn(way: Forward, deploy: Deploy): Promise<Tables | undefined> {
  const { docker, prefix, original, note, serves } = way;
  const volume = original.volumes.postgres_data!;
  await stopOriginal(docker, original);
  let { prepared } = note;
  // Of a stack that was compared already, and of which a way back has taken something down since.
  if (!prepared && !serves) {
    prepared = await prepareData(docker, note.image, original, note.reindex);
    await writePrepared(way, prepared);
  }
  await requireUnused(docker, volume, ({ stack }) => stack === prefix);
  await deploy("./dating adopt start", { atOnce: true });
  return prepared;
}

/** @throws BackupError always: that it failed, and what runs now */
async function returnAfter(way: WayBack, error: Error): Promise<never> {
  const { docker, stack, original } = way;
  console.error(error.message);
  console.error(`The adoption has failed. ${original.project} is started again.`);
  try {
    const note = (await readNote(way)) ?? way.note;
    await goBack({ ...way, note, original: await findOriginal(docker, original.project) });
  } catch (second) {
    throw new BackupError(
      [
        `${error.message}\nAfter that, the way back failed, too: ${(second as Error).message}`,
        `Go on with the way back: ./dating adopt back ${stack}`,
        `Or with the adoption:    ./dating adopt start ${stack}`,
      ].join("\n"),
    );
  }
  throw new BackupError(
    `${error.message}\nStack ${stack} was taken down, and ${original.project} runs again, with all rows.`,
  );
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

async function absence(docker: DockerCli, stack: string, { containers }: Note): Promise<number> {
  const { prefix } = readTarget(stack);
  const filters = ["--filter", `label=dating.stack=${prefix}`, "--filter", "label=dating.service=bot"];
  const id = await docker.text(["ps", "--quiet", ...filters]);
  const stopped = containers.find(({ service, running }) => service === "bot" && running);
  const finished = await docker.text(["inspect", "--format", "{{.State.FinishedAt}}", stopped?.name ?? id]);
  const started = await docker.text([
    "inspect",
    "--format",
    "{{range .State.Health.Log}}{{.ExitCode}} {{json .End}}\n{{end}}",
    id,
  ]);
  const healthy = /^0 "(.*)"$/m.exec(started)?.[1];
  return healthy ? (Date.parse(healthy) - Date.parse(finished)) / 1000 : Number.NaN;
}
