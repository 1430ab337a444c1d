import { execFileSync } from "node:child_process";
import { accessSync, constants, readFileSync, realpathSync } from "node:fs";
import { delimiter, join, relative } from "node:path";

import { projectRoot } from "../../images/content";
import { cacheDir } from "../../images/docker";

/** The plugins that were written here; the others that are built here are the upstream providers behind the official bridge. */
const standIns = ["command", "grafana"];
const plugins = ["docker", "random", ...standIns];

/** Which Pulumi CLI and plugins are used, in one line: what is official, what was built here, and what stands in. */
export function pulumiReport(): string {
  return inWords(
    isBuiltHere("pulumi") ? undefined : execFileSync("pulumi", ["version"], { encoding: "utf8" }).trim(),
    plugins.filter((name) => isBuiltHere(`pulumi-resource-${name}`)),
  );
}

/**
 * @param official version of the CLI; undefined for the one that was built here
 * @param builtHere the plugins that were built here
 */
export function inWords(official: string | undefined, builtHere: string[]): string {
  const tested = testedVersions();
  const version = official?.replace(/^v/, "");
  const cli = version === undefined ? `${tested[0]} built here` : `${version}`;
  const untested = version !== undefined && !tested.includes(version);
  const upstream = builtHere.filter((name) => !standIns.includes(name));
  const own = builtHere.filter((name) => standIns.includes(name));
  return [
    `Pulumi ${cli}${untested ? ` (tested: ${tested.join(", ")})` : ""}`,
    ...(builtHere.length < plugins.length ? ["official plugins"] : []),
    ...(upstream.length > 0 ? [`${upstream.join(" and ")} built here`] : []),
    ...(own.length > 0 ? [`stand-ins for ${own.join(" and ")} (offline/README.md)`] : []),
  ].join(", ");
}

/** The versions of the CLI that the program was tested with; the one that is built here first. */
function testedVersions(): string[] {
  const versions = readFileSync(join(projectRoot, "setup/toolchain/versions"), "utf8");
  return /^TESTED_PULUMI_VERSIONS="(.*)"$/m.exec(versions)![1]!.split(" ");
}

/** Whether what is found on PATH was built here. Pulumi prefers a plugin on PATH to those in its own folder. */
function isBuiltHere(program: string): boolean {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
    } catch {
      continue;
    }
    // The official CLI may be there, too, in a folder of its own.
    return relative(join(cacheDir(), "toolchain"), realpathSync(file)).startsWith("bin-");
  }
  return false;
}
