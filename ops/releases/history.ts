import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { stateFolder } from "../local-state";

/** A deploy that Pulumi has recorded. */
export interface Release {
  /** When it began, to the second: its name. */
  at: string;
  succeeded: boolean;
  message: string;
  /** Commit that the program was of, where it came from a git checkout. */
  commit?: string;
  /** The settings that make a release, by key without its namespace. */
  settings: Record<string, unknown>;
  /** The keys that had an encrypted value, of which the history tells nothing. */
  hidden?: string[];
  /** The image of each service; none where Pulumi's backend does not give a past state away. */
  images?: Record<string, string>;
  /** The newest revision of the schema that it knew. */
  revision?: string;
}

/** What belongs to the stack or to its data, and stays when a release is taken back. Secrets stay, too. */
export const notOfARelease = [
  "databaseName",
  "databasePasswordVersion",
  "dockerHost",
  "networkRange",
  "volumes",
];

interface RecordedUpdate {
  version: number;
  kind: string;
  startTime: string;
  message: string;
  result: string;
  environment?: Record<string, string>;
  config: Record<string, { value?: string; objectValue?: unknown; secret: boolean }>;
}

/**
 * The deploys of a stack, newest first, from Pulumi's history.
 *
 * @throws when the CLI cannot read it; its message goes to standard error
 */
export function releases(stack: string): Release[] {
  const updates = JSON.parse(
    pulumi("stack", "history", "--stack", stack, "--json", "--full-dates", "--page-size", "100"),
  ) as RecordedUpdate[];
  return updates
    .filter(({ kind }) => kind === "update")
    .map((update) => ({
      at: update.startTime,
      succeeded: update.result === "succeeded",
      message: update.message.split("\n")[0] ?? "",
      commit: update.environment?.["git.head"],
      settings: settingsOf(update),
      hidden: hiddenIn(update),
      ...pastOutputs(stack, update),
    }));
}

/** Whether two deploys were of the same release. */
export function sameRelease(a: Release, b: Release): boolean {
  return isDeepStrictEqual([a.settings, a.images ?? {}], [b.settings, b.images ?? {}]);
}

/** A rollback's message names its release, so that the next one goes on from there. */
export const rollbackMessage = (release: Release) => `Rollback to the release of ${release.at}`;

/**
 * The release to go back to: the last good one where the newest deploy has failed, else the last good one before it that
 * was another.
 *
 * @param all newest first
 */
export function previousRelease(all: Release[]): Release | undefined {
  const [newest] = all;
  if (!newest) return undefined;
  if (!newest.succeeded) return all.find(({ succeeded }) => succeeded);
  // After a rollback, what is running is the older release: the one that was taken back is not the one before it.
  const origin = all.find((release) => newest.message === rollbackMessage(release)) ?? newest;
  return all.slice(all.indexOf(origin)).find((release) => release.succeeded && !sameRelease(release, newest));
}

function settingsOf({ config }: RecordedUpdate): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config)
      .map(([key, value]) => [key.replace(/^dating:/, ""), value] as const)
      .filter(([key, { secret }]) => !secret && key !== "images" && !notOfARelease.includes(key))
      .map(([key, { value, objectValue }]) => [key, objectValue ?? value]),
  );
}

function hiddenIn({ config }: RecordedUpdate): string[] {
  return Object.entries(config)
    .filter(([, { secret }]) => secret)
    .map(([key]) => key.replace(/^dating:/, ""));
}

/** What a past state tells of its release: Pulumi Cloud gives it away, and so does a folder. */
function pastOutputs(stack: string, update: RecordedUpdate): Pick<Release, "images" | "revision"> {
  const outputs =
    update.version > 0 ? exportedOutputs(stack, update.version) : checkpointOutputs(stack, update);
  const configured = update.config["dating:images"]?.objectValue as Record<string, string> | undefined;
  const images = (outputs.images as Record<string, string> | undefined) ?? configured;
  return { images, revision: outputs.schemaRevision as string | undefined };
}

interface State {
  resources?: { type: string; outputs?: Record<string, unknown> }[];
}

const outputsOf = (state: State | undefined) =>
  state?.resources?.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};

function exportedOutputs(stack: string, version: number): Record<string, unknown> {
  const text = pulumi("stack", "export", "--stack", stack, "--version", String(version));
  return outputsOf((JSON.parse(text) as { deployment: State }).deployment);
}

function checkpointOutputs(stack: string, update: RecordedUpdate): Record<string, unknown> {
  const folder = stateFolder();
  if (!folder) return {};
  const history = join(folder, ".pulumi/history/dating", stack);
  for (const name of readdirSync(history).filter((file) => file.endsWith(".history.json"))) {
    const record = JSON.parse(readFileSync(join(history, name), "utf8")) as { startTime: number };
    if (record.startTime !== Date.parse(update.startTime) / 1000) continue;
    const checkpoint = readFileSync(join(history, name.replace(".history.", ".checkpoint.")), "utf8");
    return outputsOf((JSON.parse(checkpoint) as { checkpoint: { latest?: State } }).checkpoint.latest);
  }
  return {};
}

function pulumi(...args: string[]): string {
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  return execFileSync("pulumi", args, { encoding: "utf8", maxBuffer: 256 * 1024 * 1024, stdio });
}
