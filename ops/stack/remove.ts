import { execFileSync, spawnSync } from "node:child_process";

import { deployedResources, dockerEnvironment, type DeployedResource } from "./deployment";
import { containerType } from "../drift/containers";

/** Real names of a stack's volumes. */
export function volumesOf(resources: DeployedResource[]): string[] {
  return resources
    .filter(({ type }) => type === "docker:index/volume:Volume")
    .map(({ inputs }) => String(inputs.name));
}

/** Removes everything that a stack has on its Docker host, volumes with their data included, and its passwords. */
export function removeWithData(
  stack: string,
  resources: DeployedResource[] = deployedResources(stack),
): void {
  const env = dockerEnvironment(resources);
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { env, stdio: ["ignore", "inherit", "inherit"] });
  const volumes = volumesOf(resources);
  // Without data there is nothing to drain and no checkpoint to wait for.
  const containers = resources
    .filter(({ type, id }) => type === containerType && id !== "")
    .map(({ id }) => id);
  for (const id of containers) spawnSync("docker", ["rm", "--force", id], { env, stdio: "ignore" });
  // Before the state forgets their names: where one cannot be removed, the next run finds it there. The deploy retains them,
  // whoever drops them from the program. One that is gone already is no reason to stop.
  if (volumes.length > 0) run("docker", "volume", "rm", "--force", ...volumes);
  run("pulumi", "state", "unprotect", "--all", "--yes", "--stack", stack);
  run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", stack);
}
