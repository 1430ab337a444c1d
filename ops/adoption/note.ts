import { z } from "zod";

import type { DockerCli } from "../backups/docker";
import type { Tables } from "../backups/archives/manifest";
import { OperatorError } from "../stack/errors";
import type { Original } from "./original";

const noteType = z.object({
  /** Name of the Compose project. */
  project: z.string(),
  /** When the adoption was begun: ISO 8601. */
  begun: z.string(),
  /** Revision of the schema that the original knows; empty where Alembic never ran. */
  revision: z.string(),
  /** Image of Postgres that the stack runs on the data. */
  image: z.string(),
  /** That image orders texts otherwise than the original's. */
  reindex: z.boolean(),
  /** The original's containers as they were before anything was changed. */
  containers: z.array(
    z.object({
      name: z.string(),
      service: z.string(),
      running: z.boolean(),
      /** As `docker update --restart` takes it. */
      restart: z.string(),
    }),
  ),
});

/** What an adoption notes before it changes anything: with it, whoever comes after a killed one can go on, or back. */
export type Note = z.output<typeof noteType>;

const tablesType = z.record(z.string(), z.object({ rows: z.number(), digest: z.string() }));

/** How far an adoption has come. */
export interface Noted extends Note {
  /**
   * What was in the tables when the data were prepared, as long as the stack was not compared with it. Undefined: they are not
   * prepared yet, or all is compared.
   */
  prepared: Tables | undefined;
}

/** What an adoption is noted of, and where. */
export interface NotePlace {
  docker: DockerCli;
  /** First part of every name of the stack on its Docker host. */
  prefix: string;
}

/*
 * The notes are labels of empty volumes on the stack's Docker host, the one place that all operators have in common. Docker makes a
 * volume with its labels at once or not at all, and none of its clean-ups takes a volume with a name but for one that is told to.
 */
const label = "dating.adoption";
const noteOf = (prefix: string) => `${prefix}-adoption`;
const preparedOf = (prefix: string) => `${prefix}-adoption-prepared`;

/** @returns undefined where no adoption was begun, or it was taken back, or finished. @throws where Docker cannot be asked */
export async function readNote({ docker, prefix }: NotePlace): Promise<Noted | undefined> {
  const note = await read(docker, noteOf(prefix));
  if (note === undefined) return undefined;
  const prepared = await read(docker, preparedOf(prefix));
  return {
    ...noteType.parse(JSON.parse(note)),
    prepared: prepared === undefined ? undefined : tablesType.parse(JSON.parse(prepared)),
  };
}

/** Notes how the original is, before anything of it is changed. */
export async function writeNote(
  { docker, prefix }: NotePlace,
  original: Pick<Original, "project" | "containers">,
  rest: Pick<Note, "revision" | "image" | "reindex">,
): Promise<Note> {
  const containers = original.containers.map(({ name, service, running, restart }) => ({
    ...{ name, service, running, restart },
  }));
  const note = { project: original.project, begun: new Date().toISOString(), ...rest, containers };
  await write(docker, prefix, noteOf(prefix), JSON.stringify(note));
  return note;
}

/** Notes that the data are prepared, and what is in them. */
export function writePrepared({ docker, prefix }: NotePlace, tables: Tables): Promise<void> {
  return write(docker, prefix, preparedOf(prefix), JSON.stringify(tables));
}

/** Forgets what was in the tables: the stack was compared with it, or is taken down. */
export async function forgetPrepared({ docker, prefix }: NotePlace): Promise<void> {
  await docker.text(["volume", "rm", "--force", preparedOf(prefix)]);
}

/** Forgets the adoption: there is no way back any more, or it was taken. */
export async function forgetNote(place: NotePlace): Promise<void> {
  await forgetPrepared(place);
  await place.docker.text(["volume", "rm", "--force", noteOf(place.prefix)]);
}

async function write(docker: DockerCli, prefix: string, name: string, text: string): Promise<void> {
  const labels = [`${label}=${text}`, `dating.stack=${prefix}`];
  await docker.text(["volume", "create", ...labels.flatMap((each) => ["--label", each]), name]);
  // Docker answers the creation of a volume that is there with that one.
  if ((await read(docker, name)) !== text)
    throw new OperatorError(`the volume ${name} holds another note. Nothing was changed.`);
}

async function read(docker: DockerCli, name: string): Promise<string | undefined> {
  let found: string;
  try {
    found = await docker.text(["volume", "inspect", name]);
  } catch (error) {
    if (/no such volume/i.test((error as Error).message)) return undefined;
    throw error;
  }
  const [volume] = JSON.parse(found) as { Labels: Record<string, string> | null }[];
  const text = volume?.Labels?.[label];
  if (text === undefined)
    throw new OperatorError(`the volume ${name} is no note of an adoption: it stands in the way`);
  return text;
}
