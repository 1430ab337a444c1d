import type { DockerCli } from "../backups/docker";
import { requireUnused } from "../host/volume-users";
import { originalServer, type Original, type OriginalContainer } from "./original";
import type { Note } from "./note";

/** Stops the original's containers, so that nothing starts them again by itself: two servers would share one volume. */
export async function stopOriginal(
  docker: DockerCli,
  { containers, database }: Pick<Original, "containers" | "database">,
): Promise<void> {
  // Docker refuses to change the policy of a container that removes itself, which has none.
  const restarting = containers.filter(({ restart }) => restart !== "no").map(({ name }) => name);
  if (restarting.length > 0) await docker.text(["update", "--restart", "no", ...restarting]);
  const running = containers.filter((container) => container.running);
  console.log(`Stopping ${running.map(({ name }) => name).join(", ") || "nothing: all are stopped"}`);
  // What writes goes before what is written to.
  const others = running.filter(({ id }) => id !== database.id).map(({ name }) => name);
  if (others.length > 0) await docker.text(["stop", ...others]);
  if (database.running) await docker.text(["stop", database.name]);
}

/**
 * Starts those of the original's containers that ran before, the database first, and gives all of them their restart policies
 * back.
 *
 * @throws OperatorError where another container has the volume of one that is to be started
 */
export async function startOriginal(docker: DockerCli, original: Original, note: Note): Promise<void> {
  const found = new Map(original.containers.map((container) => [container.name, container]));
  const noted = note.containers.flatMap(({ name, ...before }) => {
    const container = found.get(name);
    return container ? [{ container, before }] : [];
  });
  for (const { container, before } of noted)
    if (container.restart !== before.restart)
      await docker.text(["update", "--restart", before.restart, container.name]);
  const ran = noted.filter(({ before }) => before.running).map(({ container }) => container);
  const { database } = original;
  if (ran.some(({ id }) => id === database.id)) {
    await start(docker, original, [database]);
    await ready(docker, original);
  }
  await start(
    docker,
    original,
    ran.filter(({ id }) => id !== database.id),
  );
}

async function start(docker: DockerCli, original: Original, containers: OriginalContainer[]): Promise<void> {
  if (containers.length === 0) return;
  const own = new Set(original.containers.map(({ id }) => id));
  for (const volume of new Set(containers.flatMap(({ volumes }) => volumes)))
    await requireUnused(docker, volume, ({ id }) => own.has(id));
  await docker.text(["start", ...containers.map(({ name }) => name)]);
}

async function ready(docker: DockerCli, original: Original): Promise<void> {
  const { container } = originalServer(docker, original);
  const wait = "for i in $(seq 240); do pg_isready -q -h 127.0.0.1 && exit; sleep 0.25; done; exit 1";
  await docker.text(["exec", container, "sh", "-c", wait]);
}
