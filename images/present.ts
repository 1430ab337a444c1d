import { execFileSync } from "node:child_process";

import { RunError } from "@pulumi/pulumi";

/**
 * Makes sure that images which no registry has are on the Docker host.
 *
 * @param references local names of images, as localImage gives them
 * @throws RunError that lists the missing ones and says how to build them; Docker would try to pull them
 */
export function requireLocalImages(references: string[], dockerHost: string | undefined): void {
  const listed = execFileSync(
    "docker",
    ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "dating-mini-app/*"],
    {
      encoding: "utf8",
      env: { ...process.env, ...(dockerHost && { DOCKER_HOST: dockerHost }) },
    },
  );
  const present = new Set(listed.split("\n"));
  const missing = references.filter(
    (reference) => reference.startsWith("dating-mini-app/") && !present.has(reference),
  );
  if (missing.length === 0) return;
  throw new RunError(
    [
      "These local images are not on the Docker host; nothing was changed.",
      ...missing.map((reference) => `  ${reference}`),
      "Build them: make images",
    ].join("\n"),
  );
}
