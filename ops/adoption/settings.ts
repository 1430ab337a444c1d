import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  imageFor,
  imageNames,
  standardPostgres,
  postgresVersions,
  type ImageName,
  type PostgresVersion,
} from "../../config/keys";
import { projectName } from "../../config/project";
import { localImage, projectRoot } from "../../images/content";
import { StackFile } from "../stack/file";
import type { Original } from "./original";

/** The original's settings, in the names of this project's keys. */
export interface Settings {
  /** Paths of keys, with their values. */
  plain: [path: string[], value: string][];
  /** Never printed, and given to the CLI over its stdin. */
  secret: Record<string, string>;
}

/** The version that a stack has for a server's `server_version_num`; undefined where it has none. */
export function postgresVersionOf(serverVersion: string): PostgresVersion | undefined {
  const major = String(Math.floor(Number(serverVersion) / 10_000));
  return postgresVersions.find((version) => version === major);
}

/** What the stack takes over: the original's environment, and the version of its data where there is a choice. */
export function settingsOf(
  original: Original,
  postgres: PostgresVersion | undefined,
  now = new Date(),
): Settings {
  const bot = original.containers.find(({ service }) => service === "bot")?.environment ?? {};
  const rules = original.containers.flatMap(({ labels }) => Object.values(labels));
  const domain = rules.map((rule) => /Host\(`([^`]+)`\)/.exec(rule)?.[1]).find(Boolean);
  const plain: [string[], string | undefined][] = [
    [["domain"], domain],
    [["databaseName"], original.databaseName],
    [["postgresVersion"], postgres],
    // The original's Loki may write until then; the day after tomorrow is whole.
    [["lokiTsdbFrom"], original.volumes.loki_data ? firstDayOfNewLogs(now) : undefined],
    [["webappUrl"], bot.WEBAPP_URL],
    [["photoCdnUrl"], bot.PHOTO_CDN_URL],
    [["nsfwThreshold"], bot.NSFW_THRESHOLD],
    ...Object.entries(original.volumes).map(([name, real]): [string[], string] => [["volumes", name], real]),
  ];
  const secret = { botToken: bot.BOT_TOKEN, jwtSecret: bot.JWT_SECRET, databasePassword: original.password };
  return {
    plain: plain.flatMap(([path, value]): [string[], string][] => (value ? [[path, value]] : [])),
    secret: Object.fromEntries(
      Object.entries(secret).flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : [])),
    ),
  };
}

function firstDayOfNewLogs(now: Date): string {
  return new Date(now.getTime() + 2 * 86_400_000).toISOString().slice(0, 10);
}

const originals = ["volumes", "postgresVersion"];

/**
 * Writes settings into a stack's file. What the file says already stays, except for the volumes, the version of the data and
 * the secrets, which are the original's in any case.
 *
 * @returns what was left as the file has it, for people
 */
export function writeSettings(stack: string, settings: Settings, root = projectRoot): string[] {
  const file = new StackFile(stack, root);
  const kept: string[] = [];
  for (const [path, value] of settings.plain) {
    const present = file.get(...path) as string | number | undefined;
    if (present === undefined || originals.includes(path[0]!)) file.set(value, ...path);
    else if (String(present) !== value)
      kept.push(`${projectName}:${path.join(".")} stays ${present}; the original has ${value}`);
  }
  file.save();
  for (const [key, value] of Object.entries(settings.secret)) {
    const options = ["--stack", stack, "--config-file", file.path, "--secret", `${projectName}:${key}`];
    execFileSync("pulumi", ["config", "set", ...options], {
      input: value,
      stdio: ["pipe", "ignore", "inherit"],
    });
  }
  return kept;
}

/** Does something with a copy of the stack's file that has the settings; the file itself stays as it is. */
export async function withTemporarySettings<T>(
  stack: string,
  settings: Settings,
  action: (configFile: string, kept: string[]) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "dating-adopt-"));
  try {
    const configFile = join(folder, `Pulumi.${stack}.yaml`);
    copyFileSync(join(projectRoot, `Pulumi.${stack}.yaml`), configFile);
    return await action(configFile, writeSettings(stack, settings, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The images that the stack's file names, or the local ones; of Postgres the one for the original's data. The preview says
 * where neither is allowed.
 */
export function imagesOf(
  stack: string,
  postgres: PostgresVersion = standardPostgres,
): Record<ImageName, string> {
  const configured = new StackFile(stack).entries("images");
  const local = (name: ImageName) => localImage(imageFor(name, postgres));
  return Object.fromEntries(imageNames.map((name) => [name, configured[name] ?? local(name)])) as Record<
    ImageName,
    string
  >;
}
