import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

import { projectRoot } from "../../images/content";
import type { StackFile } from "../stack/file";
import { commitOf, type Deployment } from "./deployment";

/** What a promotion changed in the target's file. */
export interface Change {
  key: string;
  before?: string;
  after?: string;
}

/**
 * Saves a promotion and writes it down where it stays: as the commit of the target's file. Who and when is the commit's own;
 * from which deployment, and what, is in its message, as trailers that `git log` can read.
 *
 * @param file the target's, changed and not saved yet
 * @returns the commit
 * @throws when git refuses the commit
 */
export function commitPromotion(
  from: string,
  file: StackFile,
  deployment: Deployment,
  changes: Change[],
): string {
  const { head } = commitOf(deployment);
  const to = file.stack;
  const [root, name] = [dirname(file.path), basename(file.path)];
  const message = [
    `Promote ${from} to ${to}`,
    "",
    ...changes.map(({ key, before = "nothing", after = "nothing" }) => `${key}:\n  ${before}\n  → ${after}`),
    "",
    `Promoted-From: ${from}`,
    `Promoted-To: ${to}`,
    `Promoted-Deployment: ${deployment.endTime}${deployment.version > 0 ? ` (update ${deployment.version})` : ""}`,
    `Promoted-Commit: ${head}`,
    "",
  ].join("\n");
  file.save();
  git(root, ["add", "--", name]);
  git(root, ["commit", "--quiet", "--file", "-", "--", name], message);
  return git(root, ["rev-parse", "HEAD"]).trim();
}

/**
 * Takes a promotion's commit back, as its deploy failed: it is not to be found among what was promoted. The target's file is as
 * before then, unless somebody has changed it since; nothing else in the checkout or the index changes.
 *
 * @param file the target's, as it was committed
 * @returns whether it was; it is not where something was committed since
 * @throws when git refuses
 */
export function takeBackPromotion(file: StackFile, commit: string): boolean {
  const [root, name] = [dirname(file.path), basename(file.path)];
  if (git(root, ["rev-parse", "HEAD"]).trim() !== commit) return false;
  git(root, ["reset", "--quiet", "--soft", "HEAD^"]);
  git(root, ["reset", "--quiet", "--", name]);
  if (readFileSync(file.path, "utf8") === file.text()) git(root, ["checkout", "--quiet", "--", name]);
  return true;
}

/** The promotions of a stack, the newest first, a line each. */
export function promotions(to: string): string {
  const trailer = (name: string) => `%(trailers:key=Promoted-${name},valueonly,separator=%x20)`;
  return git(projectRoot, [
    ...["log", `--grep=^Promoted-To: ${to}$`, "--date=iso-strict"],
    `--format=%h  %ad  %an <%ae>  from ${trailer("From")} as deployed ${trailer("Deployment")}, commit ${trailer("Commit")}`,
  ]);
}

function git(root: string, args: string[], input?: string): string {
  return execFileSync("git", args, {
    cwd: root,
    encoding: "utf8",
    input,
    stdio: ["pipe", "pipe", "inherit"],
  });
}
