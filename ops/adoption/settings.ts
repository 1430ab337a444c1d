import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { imageNames, type ImageName } from "../../config/keys";
import { localImage, projectRoot } from "../../images/content";
import { StackFile } from "../stack-file";
import type { Original } from "./original";

/** The original's settings, in the names of this project's keys. */
export interface Settings {
  /** Paths of keys, with their values. */
  plain: [path: string[], value: string][];
  /** Never printed, and given to the CLI over its stdin. */
  secret: Record<string, string>;
}

/** What the stack takes over from the original's environment. */
export function settingsOf(original: Original): Settings {
  const bot = original.containers.find(({ service }) => service === "bot")?.environment ?? {};
  const rules = original.containers.flatMap(({ labels }) => Object.values(labels));
  const domain = rules.map((rule) => /Host\(`([^`]+)`\)/.exec(rule)?.[1]).find(Boolean);
  const plain: [string[], string | undefined][] = [
    [["domain"], domain],
    [["databaseName"], original.databaseName],
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

/**
 * Writes settings into a stack's file. What the file says already stays, except for the volumes and the secrets, which
 * are the original's in any case.
 *
 * @returns what was left as the file has it, for people
 */
export function writeSettings(stack: string, settings: Settings, root = projectRoot): string[] {
  const file = new StackFile(stack, root);
  const kept: string[] = [];
  for (const [path, value] of settings.plain) {
    const present = file.get(...path) as string | number | undefined;
    if (present === undefined || path[0] === "volumes") file.set(value, ...path);
    else if (String(present) !== value)
      kept.push(`dating:${path.join(".")} stays ${present}; the original has ${value}`);
  }
  file.save();
  for (const [key, value] of Object.entries(settings.secret)) {
    const options = ["--stack", stack, "--config-file", file.path, "--secret", `dating:${key}`];
    execFileSync("pulumi", ["config", "set", ...options], {
      input: value,
      stdio: ["pipe", "ignore", "inherit"],
    });
  }
  return kept;
}

/** Does something with a copy of the stack's file that has the settings; the file itself stays as it is. */
export function withTemporarySettings<T>(
  stack: string,
  settings: Settings,
  action: (configFile: string, kept: string[]) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), "dating-adopt-"));
  try {
    const configFile = join(folder, `Pulumi.${stack}.yaml`);
    copyFileSync(join(projectRoot, `Pulumi.${stack}.yaml`), configFile);
    return action(configFile, writeSettings(stack, settings, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The images that the stack's file names, or the local ones. The preview says where neither is allowed. */
export function imagesOf(stack: string): Record<ImageName, string> {
  const configured = new StackFile(stack).entries("images");
  return Object.fromEntries(imageNames.map((name) => [name, configured[name] ?? localImage(name)])) as Record<
    ImageName,
    string
  >;
}
