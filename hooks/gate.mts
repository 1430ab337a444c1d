/*
 * Holds a deploy until a new container serves. It is healthy; and where the edge leads to it, the edge sends it requests, and
 * answers each path as the container itself does.
 *   CONTAINER        id of the container
 *   HEALTH_TIMEOUT   seconds that it may take
 */
import { Deadline } from "./lib/docker.mts";
import { awaitHealthy } from "./lib/healthy.mts";
import { run, variable } from "./lib/hook.mts";
import { awaitServed } from "./lib/edge/served.mts";

await run(async () => {
  const deadline = new Deadline(Number(variable("HEALTH_TIMEOUT")));
  const container = await awaitHealthy(variable("CONTAINER"), deadline);
  await awaitServed(container, deadline);
});
