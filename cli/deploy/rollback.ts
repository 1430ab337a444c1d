import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { projectRoot } from "../../images/content";
import { BackupError } from "../../ops/backups/archives/manifest";
import { psql } from "../../ops/backups/psql";
import { serverOf } from "../../ops/backups/restore-database";
import { readTarget } from "../../ops/backups/target";
import { describeRelease } from "../../ops/releases/describe";
import {
  previousRelease,
  releases,
  rollbackMessage,
  sameRelease,
  type Release,
} from "../../ops/releases/history";
import { checkSchema } from "../../ops/releases/schema";
import { withReviewed } from "../../ops/review/deploy";
import { StackFile } from "../../ops/stack/file";
import { confirm } from "../../ops/stack/confirm";
import { Session } from "../../ops/stack/session";
import { changing } from "../change";
import { act, define, dryRun, quiet, yes, type CommonOptions } from "../command";

interface Options extends CommonOptions {
  list?: true;
  to?: string;
  keepSchema?: true;
  write?: true;
}

async function rollback(stack: string, options: Options): Promise<void> {
  if (options.list) return list(releases(stack));
  if (options.dryRun) return goBack(stack, options);
  await changing(new Session(stack), () => goBack(stack, options));
}

async function goBack(stack: string, options: Options): Promise<void> {
  const all = releases(stack);
  const release = options.to ? all.find(({ at }) => at === options.to) : previousRelease(all);
  if (!release) {
    throw new BackupError(
      options.to
        ? `There is no deploy of ${options.to}. See: ./dating rollback ${stack} --list`
        : `Stack ${stack} has no earlier release in its history. Nothing was changed.`,
    );
  }
  if (!release.succeeded) throw new BackupError(`The deploy of ${release.at} failed. Nothing was changed.`);
  console.log(`Back to the release of ${release.at} (${release.message})`);
  await withRelease(stack, release, async (configFile, changes) => {
    changes.forEach((line) => console.log(`  ${line}`));
    await tellSchema(stack, release, options.keepSchema ?? false);
    tellProgram(release);
    await withReviewed(stack, { configFile }, async (deploy) => {
      if (options.dryRun) return;
      await confirm(stack, options.yes);
      await deploy(rollbackMessage(release));
      if (options.write) copyFileSync(configFile, new StackFile(stack).path);
    });
  });
  if (options.dryRun) return console.log("A dry run: nothing was changed.");
  console.log(
    options.write
      ? `Pulumi.${stack}.yaml describes the release that runs now: commit it.`
      : `Pulumi.${stack}.yaml still describes the release that was taken back: the next deploy brings it again, unless you mend ` +
          "the file first. With --write, the settings above are written into it.",
  );
}

function list(all: Release[]): void {
  all.forEach((release, place) => {
    const same =
      all[place + 1] && sameRelease(release, all[place + 1]!) ? ", nothing of the release changed" : "";
    console.log(`${release.at}  ${release.succeeded ? "succeeded" : "failed   "}  ${release.message}${same}`);
  });
}

/** Does something with a copy of the stack's file that describes a release. Secrets and the data's keys stay as they are. */
async function withRelease(
  stack: string,
  release: Release,
  action: (configFile: string, changes: string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "dating-rollback-"));
  try {
    copyFileSync(join(projectRoot, `Pulumi.${stack}.yaml`), join(folder, `Pulumi.${stack}.yaml`));
    const file = new StackFile(stack, folder);
    const changes = describeRelease(file, release);
    file.save();
    await action(file.path, changes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function tellSchema(stack: string, release: Release, keep: boolean): Promise<void> {
  const target = readTarget(stack);
  const question = "SELECT version_num FROM alembic_version";
  let present: string;
  try {
    present = await psql(serverOf(target), target.database.name, question);
  } catch (error) {
    const unknown = `The database does not answer, so nobody knows its revision: ${(error as Error).message}`;
    if (!keep)
      throw new BackupError(
        `${unknown}\nWhere the release is to mend just that: ./dating rollback ${stack} --keep-schema\nNothing was changed.`,
      );
    return console.log(unknown);
  }
  const { compatible, message } = checkSchema(stack, release.revision, present);
  if (!compatible && !keep) throw new BackupError(`${message}\nNothing was changed.`);
  console.log(message);
}

/** Images and settings are the release's; what makes containers of them is this checkout. */
function tellProgram({ commit }: Release): void {
  if (!commit) return;
  let present = "";
  try {
    present = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", cwd: projectRoot }).trim();
  } catch {
    return;
  }
  if (present !== commit) {
    console.log(
      `Program: this checkout's (${present.slice(0, 10)}). The release was deployed by that of ${commit.slice(0, 10)}.`,
    );
  }
}

export const command = define(
  "rollback",
  "Deploys the images and settings of the last good release again. Shows the preview, then asks. Data, secrets and the " +
    "database's schema stay as they are.",
  ["rollback prod", "rollback prod --list", "rollback prod --dry-run"],
)
  .argument("<stack>")
  .option("--list", "list the recorded deploys, newest first")
  .option(
    "--to <time>",
    "the deploy to go back to: its time, as --list shows it (default: the last good one that differs from now)",
  )
  .option(
    "--keep-schema",
    "go on even if the database does not answer, or is at another revision than the release had",
  )
  .option("--write", "after the deploy, also write the release's settings into Pulumi.STACK.yaml")
  .addOption(dryRun())
  .addOption(quiet())
  .addOption(yes());
act(command, rollback);
