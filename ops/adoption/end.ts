import { DockerCli } from "../backups/docker";
import { BackupError } from "../backups/archives/manifest";
import { Refused } from "../stack/errors";
import type { Session } from "../stack/session";
import { prefixOf, type AdoptOptions } from "./adopt";
import { forgetNote, readNote } from "./note";
import { findOriginal, type Original } from "./original";
import { goBack } from "./way-back";

/** Whose adoption is ended, and who is asked. */
export type EndOptions = Pick<AdoptOptions, "project" | "approve">;

/**
 * Takes a stack down and starts again what it has taken over, or what is left of that way.
 *
 * @throws OperatorError that says what stands in the way
 */
export async function takeBack(session: Session, { project, approve }: EndOptions): Promise<void> {
  const { stack } = session;
  const place = { docker: new DockerCli(session.environment), prefix: prefixOf(stack) };
  const original = await findOriginal(place.docker, project);
  const note = await readNote(place);
  if (note?.project !== project)
    throw new BackupError(
      `Stack ${stack} has no note of an adoption of ${project} on its Docker host, so nobody knows what ran before. Nothing was changed.`,
    );
  const ran = note.containers.filter(({ running }) => running).map(({ name }) => name);
  const gone = ran.filter((name) => original.containers.every((container) => container.name !== name));
  if (gone.length > 0)
    throw new BackupError(
      `${gone.join(", ")} ran before and is gone. Make it again where its docker-compose.yml is, without starting it: ` +
        "docker compose up --no-start. Nothing was changed.",
    );
  console.log(
    `Stack ${stack} is taken down, the schema goes back to ${note.revision || "none"}, and on the same volumes are started, as ` +
      `before: ${ran.join(", ")}`,
  );
  await approve();
  await goBack({ ...place, stack, original, note });
}

/**
 * Removes the containers and networks of what a stack has taken over, and with them the way back.
 *
 * @throws OperatorError where the adoption is not done, or something does not go
 */
export async function removeOriginal(session: Session, { project, approve }: EndOptions): Promise<void> {
  const { stack } = session;
  const place = { docker: new DockerCli(session.environment), prefix: prefixOf(stack) };
  const { docker } = place;
  const original = await findOriginal(docker, project);
  const note = await readNote(place);
  if (!runsOn(session, original))
    throw new BackupError(`Stack ${stack} has not adopted ${project}. Nothing was changed.`);
  if (note?.prepared)
    throw new Refused(
      `The adoption of ${project} was interrupted: ./dating adopt start ${stack} goes on. Nothing was changed.`,
    );
  const names = original.containers.map(({ name }) => name);
  const running = original.containers.filter((container) => container.running).map(({ name }) => name);
  if (running.length > 0)
    throw new Refused(
      `${running.join(", ")} of ${project} runs. Stop it first: docker stop ${running.join(" ")}. Nothing was changed.`,
    );
  console.log(`The containers of ${project} are the only way back, and are removed: ${names.join(", ")}`);
  await approve();
  // The containers go last: they are what this command finds when it has to be called again.
  const filter = ["network", "ls", "--quiet", "--filter", `label=com.docker.compose.project=${project}`];
  const networks = (await docker.text(filter)).split("\n").filter(Boolean);
  if (networks.length > 0) await docker.text(["network", "rm", ...networks]);
  await forgetNote(place);
  await docker.text(["rm", ...names]);
}

/** Whether the stack was deployed on the original's data. */
function runsOn({ resources }: Session, original: Original): boolean {
  return (
    resources.some(({ type }) => type === "docker:index/container:Container") &&
    resources.some(({ inputs }) => inputs.name === original.volumes.postgres_data)
  );
}
