/*
 * Takes a container out of service before it is stopped: its health check fails from now on, and the edge stops sending it
 * requests. Where the edge leads to its service, the deploy goes on only when the edge says that it does not any more, and
 * the release that is left answers. Does nothing for a container that is gone or does not run, by Docker's own word.
 *   CONTAINER       id of the container
 *   DRAIN_FILE      the file whose existence fails the health check
 *   DRAIN_TIMEOUT   seconds that it may take (default 60)
 */
import { Deadline } from "./lib/docker.mts";
import { drain } from "./lib/draining.mts";
import { run, variable } from "./lib/hook.mts";

/** Seconds: the health check's interval and all its attempts, and some more. */
const limit = 60;

await run(() => {
  const deadline = new Deadline(Number(process.env.DRAIN_TIMEOUT ?? limit));
  return drain(variable("CONTAINER"), variable("DRAIN_FILE"), deadline);
});
