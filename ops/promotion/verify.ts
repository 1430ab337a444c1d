import { spawnSync } from "node:child_process";

import { projectRoot } from "../../images/content";
import { containerType, serviceOf } from "../drift/containers";
import { findDrift } from "../drift/drift";
import { commitOf, type Deployment } from "./deployment";

/** What is promoted, once everything speaks for it. */
export interface Verified {
  images: Record<string, string>;
}

/**
 * Checks that what a stack runs was deployed whole, is as it was deployed, is healthy, can be deployed elsewhere, and
 * is what this checkout would deploy.
 *
 * @throws Error that lists everything that speaks against it
 */
export async function verify(stack: string, deployment: Deployment): Promise<Verified> {
  const { findings, resources, host, notCompared } = await findDrift(stack);
  for (const what of notCompared) console.error(`Not compared: ${what}`);
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const images = (outputs.images ?? {}) as Record<string, string>;

  const unhealthy = resources
    .filter(({ type }) => type === containerType)
    .flatMap((resource) => {
      const health = host.container(resource.id)?.State.Health?.Status ?? "gone";
      return health === "healthy" ? [] : [`${serviceOf(resource)} is not healthy (${health})`];
    });
  const unpinned = Object.entries(images)
    .filter(([, reference]) => !/@sha256:[0-9a-f]{64}$/.test(reference))
    .map(([name, reference]) => `the image of ${name} is not pinned by digest: ${reference}`);
  const problems = [
    ...(deployment.kind === "update" && deployment.result === "succeeded"
      ? []
      : [`its last operation is not a deploy that succeeded (${deployment.kind}: ${deployment.result})`]),
    ...(Object.keys(images).length > 0 ? [] : ["nothing is deployed"]),
    ...findings.map(({ subject, text }) => `drift: ${subject}: ${text}`),
    ...unhealthy,
    ...unpinned,
    ...otherProgram(stack, deployment),
  ];
  if (problems.length === 0) return { images };
  throw new Error(
    [
      `stack ${stack} is not fit to be promoted; nothing was changed.`,
      ...problems.map((line) => `  ${line}`),
    ].join("\n"),
  );
}

/** What of the checkout is not what was deployed and tested. */
function otherProgram(stack: string, deployment: Deployment): string[] {
  const { head, dirty } = commitOf(deployment);
  if (!head) return ["nobody knows from which commit it was deployed: deploy it from a git checkout"];
  const short = head.slice(0, 12);
  if (dirty) return [`it was deployed from a checkout with changes that are in no commit (${short})`];
  // Against the files on the disk, so that what is not committed counts, too. Other stacks' files, which promotions
  // change, do not.
  const others = git("ls-files", "Pulumi.*.yaml")
    .stdout.split("\n")
    .filter((file) => file && file !== `Pulumi.${stack}.yaml`);
  const { status, stdout, stderr } = git(
    "diff",
    "--name-only",
    head,
    "--",
    ".",
    ...others.map((file) => `:(exclude)${file}`),
  );
  if (status !== 0)
    return [`the commit that was deployed (${short}) is not in this checkout: ${stderr.trim()}`];
  const untracked = git("ls-files", "--others", "--exclude-standard").stdout;
  const changed = `${stdout}${untracked}`.split("\n").filter(Boolean);
  if (changed.length === 0) return [];
  const some = changed.slice(0, 3).join(", ") + (changed.length > 3 ? ` and ${changed.length - 3} more` : "");
  return [`this checkout is not what was deployed and tested (commit ${short}): ${some}`];
}

function git(...args: string[]) {
  return spawnSync("git", args, { cwd: projectRoot, encoding: "utf8" });
}
