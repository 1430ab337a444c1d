import { spawnSync } from "node:child_process";

import { RunError } from "@pulumi/pulumi/errors";

import { parseReference } from "./reference";

/**
 * Gives the Docker host the images of a deploy that it lacks, before anything of it is touched: a stop-first service must
 * not be stopped and then wait for a download, or find that it is refused.
 *
 * Images are pulled with the Docker CLI, so a registry that asks for a name and a password is opened by `docker login`
 * or a credential helper, as for everything else on the machine, and no password reaches the stack's state.
 *
 * @param missing the images that are not there, in the one form that the containers use
 * @throws RunError that lists what cannot be had and says what to do
 */
export function provideOnHost(missing: string[], dockerHost: string | undefined): void {
  const local = missing.filter((reference) => reference.startsWith("dating-mini-app/"));
  if (local.length > 0) {
    throw new RunError(
      [
        "These local images are not on the Docker host; nothing was changed.",
        ...local.map((reference) => `  ${reference}`),
        "Build them: make images",
      ].join("\n"),
    );
  }

  const failures: string[] = [];
  for (const reference of missing) {
    console.log(`pulling ${reference}`);
    const { status, stderr, error } = spawnSync("docker", ["pull", "--quiet", reference], {
      encoding: "utf8",
      env: { ...process.env, ...(dockerHost && { DOCKER_HOST: dockerHost }) },
    });
    if (status !== 0) failures.push(`  ${reference}\n      ${(error?.message ?? stderr).trim()}`);
  }
  if (failures.length === 0) return;
  const registries = new Set(missing.map((reference) => parseReference(reference).registry));
  throw new RunError(
    [
      "These images cannot be pulled to the Docker host; nothing was changed.",
      ...failures,
      "If a registry asks for a password, log in once on this machine:",
      ...[...registries].map((registry) => `  docker login ${registry}`),
    ].join("\n"),
  );
}
