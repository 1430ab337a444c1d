/*
 * Ends when the edge serves every container that it leads to. The containers were healthy and served when each was made; a new
 * edge, whose ping answers, may know none of them.
 *   CONTAINERS       ids of the containers, or releases of Swarm services (NAME@RELEASE@TASKS), with spaces between
 *   HEALTH_TIMEOUT   seconds that it may take
 */
import { Deadline, inspect } from "./lib/docker.mts";
import { run, variable } from "./lib/hook.mts";
import { awaitReleaseServed } from "./lib/release.mts";
import { awaitServed } from "./lib/edge/served.mts";
import { releaseOf } from "./lib/swarm.mts";

await run(async () => {
  const deadline = new Deadline(Number(variable("HEALTH_TIMEOUT")));
  const served = variable("CONTAINERS")
    .split(" ")
    .map((told) => {
      const release = releaseOf(told);
      if (release) return awaitReleaseServed(release, deadline);
      return inspect(told, deadline).then((container) => awaitServed(container, deadline));
    });
  const troubles = (await Promise.allSettled(served)).flatMap((result) =>
    result.status === "rejected" ? [(result.reason as Error).message] : [],
  );
  if (troubles.length > 0) throw new Error(troubles.join("\n"));
});
