import { execFileSync } from "node:child_process";

import { projectRoot } from "../../images/content";
import { commitOf, type Deployment } from "./deployment";

/** What a promotion changed in the target's file. */
export interface Change {
  key: string;
  before?: string;
  after?: string;
}

/**
 * Writes a promotion down where it stays: as the commit of the target's file. Who and when is the commit's own; from
 * which deployment, and what, is in its message, as trailers that `git log` can read.
 *
 * @throws when git refuses the commit
 */
export function commitPromotion(from: string, to: string, deployment: Deployment, changes: Change[]): string {
  const file = `Pulumi.${to}.yaml`;
  const { head } = commitOf(deployment);
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
  git(["add", "--", file]);
  git(["commit", "--quiet", "--file", "-", "--", file], message);
  return git(["rev-parse", "--short", "HEAD"]).trim();
}

/** The promotions of a stack, the newest first, a line each. */
export function promotions(to: string): string {
  const trailer = (name: string) => `%(trailers:key=Promoted-${name},valueonly,separator=%x20)`;
  return git([
    ...["log", `--grep=^Promoted-To: ${to}$`, "--date=iso-strict"],
    `--format=%h  %ad  %an <%ae>  from ${trailer("From")} as deployed ${trailer("Deployment")}, commit ${trailer("Commit")}`,
  ]);
}

function git(args: string[], input?: string): string {
  return execFileSync("git", args, {
    cwd: projectRoot,
    encoding: "utf8",
    input,
    stdio: ["pipe", "pipe", "inherit"],
  });
}
