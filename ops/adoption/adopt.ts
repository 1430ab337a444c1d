import { copyFileSync } from "node:fs";

import { projectName } from "../../config/project";
import { DockerCli } from "../backups/docker";
import { archiveDatabase } from "../backups/dump";
import { openStore } from "../backups/archives/open";
import { endLeftServers, leftServers, volumeUsers } from "../host/volume-users";
import { clearKilled } from "../recovery/recover";
import { withReviewed } from "../review/deploy";
import { StackFile } from "../stack/file";
import { Refused } from "../stack/errors";
import type { Session } from "../stack/session";
import { cutOver } from "./cutover";
import { readNote, writeNote, type Noted, type NotePlace } from "./note";
import { databaseState, findOriginal, originalServer, type Original } from "./original";
import { orderOf, ordersDiffer } from "./prepare";
import { imagesOf, postgresVersionOf, settingsOf, withTemporarySettings } from "./settings";
import { tell } from "./tell";
import { goBack } from "./way-back";

export interface AdoptOptions {
  /** Name of the Compose project. */
  project: string;
  /** Where the database is dumped to before: a folder, or `s3://BUCKET/PREFIX`. */
  backup: string;
  /** Say what would be done, and change nothing. */
  dryRun: boolean;
  /** Is called when all is shown. @throws where that is not to be done */
  approve: () => Promise<void>;
}

/** What there is when an adoption begins, or goes on. */
interface Beginning extends NotePlace {
  stack: string;
  original: Original;
  note: Noted | undefined;
  /** The stack has a server on the data. */
  serves: boolean;
}

/** The first part of every name of a stack on its Docker host. */
export const prefixOf = (stack: string) => `${projectName}-${stack}`;

/**
 * Lets a stack take over what Compose deployed, or goes on with an adoption that was interrupted.
 *
 * @returns the seconds for which the application was away; undefined where nothing was changed
 * @throws OperatorError that says what stands in the way
 */
export async function adopt(session: Session, options: AdoptOptions): Promise<number | undefined> {
  const begin = await look(session, options);
  const { stack, original, note, serves } = begin;
  if (serves && !note?.prepared && !(note && (await isPartOnly(begin)))) {
    console.log(`Stack ${stack} runs on the volumes of ${original.project} already. Nothing was changed.`);
    return undefined;
  }
  if (original.database.running) return beginAnew(await putInOrder(session, begin, options), options);
  if (note) return goOn(begin, note, options);
  throw new Refused(
    `${original.database.name} does not run, and neither does anything else on its data. Start the application as it was ` +
      "started before, docker compose up -d, so that its database can be looked at. Nothing was changed.",
  );
}

/** Whether the stack's database runs without its bot, as a way back leaves it that was interrupted. */
async function isPartOnly({ docker, prefix }: NotePlace): Promise<boolean> {
  const labels = [`label=dating.stack=${prefix}`, "label=dating.service=bot"];
  return (await docker.text(["ps", "--quiet", ...labels.flatMap((each) => ["--filter", each])])) === "";
}

/** Finds out what there is, and refuses what must not be. */
async function look(session: Session, { project, dryRun }: AdoptOptions): Promise<Beginning> {
  const { stack } = session;
  const docker = new DockerCli(session.environment);
  const place = { docker, prefix: prefixOf(stack) };
  const original = await findOriginal(docker, project);
  const note = await readNote(place);
  if (note && note.project !== project)
    throw new Refused(
      `Stack ${stack} has begun to adopt ${note.project} at ${note.begun}: ./dating adopt back ${stack} --project ` +
        `${note.project} takes that back. Nothing was changed.`,
    );
  const volume = original.volumes.postgres_data!;
  const left = await leftServers(docker, volume);
  if (dryRun && left.length > 0)
    console.log(`An interrupted command has left ${left.join(", ")}, which is ended first.`);
  if (!dryRun) await endLeftServers(docker, volume);
  const users = (await volumeUsers(docker, volume)).filter(({ name }) => !left.includes(name));
  const serves = users.some((user) => user.stack === place.prefix);
  const foreign = users.filter(({ id, stack: of }) => id !== original.database.id && of !== place.prefix);
  const both = serves && original.database.running;
  const stop = (both ? users : foreign).map(({ name }) => name);
  if (stop.length > 0)
    throw new Refused(
      `The volume ${volume} is in use by ${users.map(({ name }) => name).join(", ")}, and two servers on one volume destroy it. ` +
        `Nothing was changed. To go on: docker stop ${stop.join(" ")}`,
    );
  return { ...place, stack, original, note, serves };
}

/**
 * The original's database runs, and an adoption was noted: interrupted before it was stopped, or its way back was at its end. That
 * is gone first, as what the original does since, as another revision of its schema, is not what was noted.
 */
async function putInOrder(session: Session, begin: Beginning, options: AdoptOptions): Promise<Beginning> {
  const { note, original } = begin;
  if (!note) return begin;
  console.log(
    `An adoption of ${original.project}, begun at ${note.begun}, or its way back was interrupted: the way back is ended first.`,
  );
  if (options.dryRun) return begin;
  await options.approve();
  await goBack({ ...begin, note });
  return look(session, options);
}

/** With the original's database at hand: what it holds is told, reviewed, dumped and taken over. */
async function beginAnew(begin: Beginning, options: AdoptOptions): Promise<number | undefined> {
  const { docker, stack, original } = begin;
  const state = await databaseState(originalServer(docker, original), original.databaseName);
  const postgres = postgresVersionOf(state.version);
  const image = imagesOf(stack, postgres).postgres;
  const reindex = ordersDiffer(state, await orderOf(docker, image, state));
  const settings = settingsOf(original, postgres);
  console.log(await tell(docker, { stack, original, settings, state, reindex }));
  return withTemporarySettings(stack, settings, async (configFile, kept) => {
    kept.forEach((line) => console.log(line));
    // Also shows wrong configuration before anything is touched.
    return withReviewed(stack, { configFile }, async (deploy) => {
      if (options.dryRun) return void console.log("A dry run: nothing was changed.");
      await options.approve();
      await dump(begin, options);
      // The very file that was reviewed: a secret that is encrypted again is another text.
      copyFileSync(configFile, new StackFile(stack).path);
      const note = await writeNote(begin, original, { revision: state.revision, image, reindex });
      return cutOver({ ...begin, note: { ...note, prepared: undefined } }, deploy);
    });
  });
}

/** All that is to be known of the original was noted, and its settings are in the stack's file. */
async function goOn(begin: Beginning, note: Noted, options: AdoptOptions): Promise<number | undefined> {
  const { docker, stack, original } = begin;
  const place = begin.serves
    ? "when the stack had its database"
    : `${note.prepared ? "after" : "before"} its data were prepared`;
  console.log(
    [
      `The adoption of ${original.project}, begun at ${note.begun}, or its way back was interrupted ${place}. The adoption goes on.`,
      `Back instead: ./dating adopt back ${stack}`,
    ].join("\n"),
  );
  if (!options.dryRun) {
    const mayRemove = (names: string[]) => {
      console.log(["What the interrupted deploy has left, and does not know:", ...names].join("\n  "));
      return options.approve();
    };
    await clearKilled({ stack, environment: docker.environment }, { force: false, mayRemove });
  }
  return withReviewed(stack, {}, async (deploy) => {
    if (options.dryRun) return void console.log("A dry run: nothing was changed.");
    await options.approve();
    return cutOver({ ...begin, note }, deploy);
  });
}

async function dump({ docker, stack, original }: Beginning, { backup }: AdoptOptions): Promise<void> {
  const { database, user, password, databaseName, project } = original;
  const source = { docker, image: imagesOf(stack).backup, user, password, database: databaseName };
  const on = { host: database.name, network: database.networks[0]! };
  await archiveDatabase(openStore(backup, project), project, { ...source, ...on });
}
