import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { projectName } from "../../config/project";
import { stateFolder } from "../stack/local-state";
import { releaseKeys } from "./keys";

/** A deploy that Pulumi has recorded. */
export interface Release {
  /** When it began, to the second: its name. */
  at: string;
  succeeded: boolean;
  message: string;
  /** Commit that the program was of, where it came from a git checkout. */
  commit?: string;
  /** Its settings ({@link releaseKeys}), by key without its namespace. */
  settings: Record<string, unknown>;
  /** Those of the keys that had an encrypted value, of which the history tells nothing. */
  hidden?: string[];
  /** The image of each service; none where Pulumi's backend does not give a past state away. */
  images?: Record<string, string>;
  /** The newest revision of the schema that it knew. */
  revision?: string;
}

interface RecordedUpdate {
  version: number;
  kind: string;
  startTime: string;
  message: string;
  result: string;
  environment?: Record<string, string>;
  config: Record<string, { value?: string; objectValue?: unknown; secret: boolean }>;
}

export interface ReadReleases {
  /**
   * Ask Pulumi Cloud for each past state, a second each, for the images that the configuration did not name.
   * @default true
   */
  exports?: boolean;
}

/**
 * The deploys of a stack, newest first, from Pulumi's history.
 *
 * @throws when the CLI cannot read it; its message goes to standard error
 */
export function releases(stack: string, { exports = true }: ReadReleases = {}): Release[] {
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
      ...pastOutputs(stack, update, exports),
    }));
}

/** Whether two deploys were of the same release. */
export function sameRelease(a: Release, b: Release): boolean {
  return isDeepStrictEqual([a.settings, a.images ?? {}], [b.settings, b.images ?? {}]);
}

/** A rollback's message names its release, so that the next one goes on from there. */
export const rollbackMessage = (release: Release) => `${rollbackTo}${release.at}`;

const rollbackTo = "Rollback to the release of ";

/**
 * The release to go back to: the last good one where the newest deploy has failed, else the good one before it that was
 * another. What a rollback took back is not offered again, whatever was deployed, repaired or failed since.
 *
 * @param all newest first
 */
export function previousRelease(all: Release[]): Release | undefined {
  /** Good releases, each another one than that before it; the last is the one that was deployed last. */
  const good: Release[] = [];
  for (const release of all.filter(({ succeeded }) => succeeded).reverse()) {
    if (release.message.startsWith(rollbackTo)) {
      const place = good.map((earlier) => sameRelease(earlier, release)).lastIndexOf(true);
      if (place >= 0) good.length = place;
    }
    if (good.length === 0 || !sameRelease(good.at(-1)!, release)) good.push(release);
  }
  return all[0]?.succeeded === false ? good.at(-1) : good.at(-2);
}

const withoutNamespace = (key: string) =>
  key.startsWith(`${projectName}:`) ? key.slice(projectName.length + 1) : key;

function settingsOf({ config }: RecordedUpdate): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config)
      .map(([key, value]) => [withoutNamespace(key), value] as const)
      .filter(([key, { secret }]) => !secret && releaseKeys.includes(key))
      .map(([key, { value, objectValue }]) => [key, objectValue ?? value]),
  );
}

function hiddenIn({ config }: RecordedUpdate): string[] {
  return Object.entries(config)
    .filter(([, { secret }]) => secret)
    .map(([key]) => withoutNamespace(key))
    .filter((key) => releaseKeys.includes(key));
}

/** What a past state tells of its release: Pulumi Cloud gives it away, and so does a folder. */
function pastOutputs(
  stack: string,
  update: RecordedUpdate,
  exports: boolean,
): Pick<Release, "images" | "revision"> {
  const exported = () => (exports ? exportedOutputs(stack, update.version) : {});
  const outputs = update.version > 0 ? exported() : checkpointOutputs(stack, update);
  const configured = update.config[`${projectName}:images`]?.objectValue as
    Record<string, string> | undefined;
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
  const history = join(folder, `.pulumi/history/${projectName}`, stack);
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
  return execFileSync("pulumi", args, {
    encoding: "utf8",
    env: process.env,
    maxBuffer: 256 * 1024 * 1024,
    stdio,
  });
}
