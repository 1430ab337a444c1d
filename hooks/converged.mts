/*
 * Holds a deploy until a release of a Swarm service serves: each task is of it and healthy, and where the edge leads to the
 * service, the edge sends each of them requests, and answers as the task itself does. It is started with the update, and watches.
 *   RELEASE          the service and its release: NAME@RELEASE@TASKS
 *   HEALTH_TIMEOUT   seconds that it may take
 */
import { Deadline } from "./lib/docker.mts";
import { run, variable } from "./lib/hook.mts";
import { awaitReleaseServed } from "./lib/release.mts";
import { releaseOf } from "./lib/swarm.mts";

await run(async () => {
  const told = variable("RELEASE");
  const release = releaseOf(told);
  if (!release) throw new Error(`${told} names no release of a service`);
  const deadline = new Deadline(Number(variable("HEALTH_TIMEOUT")));
  await awaitReleaseServed(release, deadline);
});
