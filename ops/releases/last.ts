import { spawnSync } from "node:child_process";

import { z } from "zod";

import { projectRoot } from "../../images/content";

const history = z.array(
  z.object({
    kind: z.string(),
    startTime: z.string(),
    result: z.string(),
    environment: z.record(z.string(), z.string()).default({}),
  }),
);

/** How many of the newest updates are looked at: a deploy may have refreshes after it. */
const newest = 5;

/**
 * When, of what and by whom a stack was deployed last, in words; that it never was; or that nobody could say.
 *
 * Pulumi records no person outside of Pulumi Cloud: it is the commit's author, and the pipeline's run where it was one.
 */
export function lastDeploy(stack: string): string {
  const args = [
    "stack",
    "history",
    "--stack",
    stack,
    "--json",
    "--full-dates",
    "--page-size",
    String(newest),
  ];
  const { status, stdout } = spawnSync("pulumi", args, {
    cwd: projectRoot,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? lastIn(stdout) : "The backend does not say when it was deployed last.";
}

/** The same, out of what `pulumi stack history --json` printed. */
export function lastIn(text: string): string {
  const update = history.parse(JSON.parse(text.trim() || "[]")).find(({ kind }) => kind === "update");
  if (!update) return "It was not deployed yet.";
  const { environment: of, result, startTime } = update;
  const commit = of["git.head"]
    ? `commit ${of["git.head"].slice(0, 12)}${of["git.dirty"] === "true" ? " with changes" : ""}`
    : "no commit";
  const author = of["git.author"] ? ` of ${of["git.author"]}` : "";
  const run = of["ci.build.url"] ?? of["ci.build.id"];
  const where = of["ci.system"] ? `${of["ci.system"]}${run ? ` ${run}` : ""}` : "a desk";
  const came = { succeeded: "", failed: ", which failed" }[result] ?? `, which is ${result}`;
  return `Deployed last on ${startTime.slice(0, 16).replace("T", " ")} UTC${came}: ${commit}${author}, from ${where}.`;
}
